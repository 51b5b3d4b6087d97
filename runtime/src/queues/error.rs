//! The error of putting, which brings the item back.

use std::error::Error as StdError;
use std::fmt;

use crate::exceptions::Error;

/// An item could not be put into a queue; here it is again.
///
/// `?` turns it into [`Error`], and drops the item.
///
/// # Examples
///
/// ```
/// use asyncio::{Error, PutError, Queue};
///
/// let queue = Queue::with_maxsize(1);
/// queue.put_nowait("first").unwrap();
/// let PutError { error, item } = queue.put_nowait("second").unwrap_err();
/// assert!(matches!(error, Error::QueueFull));
/// assert_eq!(item, "second");
/// ```
pub struct PutError<T> {
    /// `QueueFull`, `QueueShutDown`, or `RuntimeError` where the queue belongs to another loop.
    pub error: Error,
    /// What was to be put.
    pub item: T,
}

impl<T> PutError<T> {
    pub(super) fn new(error: Error, item: T) -> Self {
        Self { error, item }
    }
}

impl<T> From<PutError<T>> for Error {
    fn from(error: PutError<T>) -> Self {
        error.error
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> StdError for PutError<T> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}
