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

    /// A group with the same message and these errors. Python: `derive()`.
    pub fn derive(&self, exceptions: impl IntoIterator<Item = Error>) -> Self {
        Self::new(self.message.clone(), exceptions)
    }

    /// The single errors, groups inside of groups opened, in their order.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::{Error, ExceptionGroup};
    ///
    /// let inner = ExceptionGroup::new("inner", [Error::QueueEmpty]);
    /// let outer = ExceptionGroup::new("outer", [inner.into(), Error::QueueFull]);
    /// assert!(matches!(outer.leaves().collect::<Vec<_>>()[..], [Error::QueueEmpty, Error::QueueFull]));
    /// ```
    pub fn leaves(&self) -> Leaves<'_> {
        Leaves { open: vec![self.exceptions.iter()] }
    }

    /// Those single errors that fulfil a condition, in groups as they stand here; `None` if there is none. Python:
    /// `subgroup()`.
    pub fn subgroup(&self, condition: impl FnMut(&Error) -> bool) -> Option<Self> {
        self.split(condition).0
    }

    /// Those single errors that fulfil a condition, and the others, each in groups as they stand here. Python: `split()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::{Error, ExceptionGroup};
    ///
    /// let group = ExceptionGroup::new("two", [Error::QueueEmpty, Error::QueueFull]);
    /// let (empty, rest) = group.split(|error| matches!(error, Error::QueueEmpty));
    /// assert_eq!(empty.unwrap().exceptions().len(), 1);
    /// assert!(matches!(rest.unwrap().exceptions(), [Error::QueueFull]));
    /// ```
    pub fn split(&self, mut condition: impl FnMut(&Error) -> bool) -> (Option<Self>, Option<Self>) {
        self.split_by(&mut condition)
    }

    fn split_by(&self, condition: &mut dyn FnMut(&Error) -> bool) -> (Option<Self>, Option<Self>) {
        let (mut matching, mut rest) = (Vec::new(), Vec::new());
        for error in &self.exceptions {
            match error {
                Error::ExceptionGroup(group) => {
                    let (inside, outside) = group.split_by(condition);
                    matching.extend(inside.map(Error::from));
                    rest.extend(outside.map(Error::from));
                }
                error if condition(error) => matching.push(error.clone()),
                error => rest.push(error.clone()),
            }
        }
        let group = |errors: Vec<Error>| (!errors.is_empty()).then(|| self.derive(errors));
        (group(matching), group(rest))
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

/// What [`ExceptionGroup::leaves`] returns.
#[derive(Clone, Debug)]
pub struct Leaves<'a> {
    /// The groups that are open, the innermost last.
    open: Vec<std::slice::Iter<'a, Error>>,
}

impl<'a> Iterator for Leaves<'a> {
    type Item = &'a Error;

    fn next(&mut self) -> Option<&'a Error> {
        loop {
            match self.open.last_mut()?.next() {
                None => drop(self.open.pop()),
                Some(Error::ExceptionGroup(group)) => self.open.push(group.exceptions.iter()),
                Some(error) => return Some(error),
            }
        }
    }
}
