//! Several errors at once, as a tree.

use std::error::Error as StdError;
use std::fmt;

use super::Error;

/// Several errors that happened together. Python: `ExceptionGroup`.
#[derive(Clone, Debug)]
pub struct ExceptionGroup {
    message: String,
    exceptions: Vec<Error>,
}

impl ExceptionGroup {
    /// A group of these errors; an empty one is allowed and says so.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::{Error, ExceptionGroup};
    ///
    /// let group = ExceptionGroup::new("two servers failed", [Error::QueueEmpty, Error::QueueFull]);
    /// assert_eq!(group.exceptions().len(), 2);
    /// ```
    pub fn new(message: impl Into<String>, exceptions: impl IntoIterator<Item = Error>) -> Self {
        Self { message: message.into(), exceptions: exceptions.into_iter().collect() }
    }

    /// What the group is about.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The errors, in the order in which they were given.
    pub fn exceptions(&self) -> &[Error] {
        &self.exceptions
    }

    fn write_tree(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        write!(f, "ExceptionGroup: {} ({} sub-exceptions)", self.message, self.exceptions.len())?;
        for error in &self.exceptions {
            write!(f, "\n{:width$}- ", "", width = 2 * depth + 2)?;
            match error {
                Error::ExceptionGroup(group) => group.write_tree(f, depth + 1)?,
                error => write!(f, "{error}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for ExceptionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_tree(f, 0)
    }
}

impl StdError for ExceptionGroup {}
