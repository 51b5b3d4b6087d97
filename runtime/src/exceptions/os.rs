//! `OSError`: an [`io::Error`] that can be cloned and says what it concerns.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

/// The operating system refused. Python: `OSError`.
///
/// Keeps the kind and number of the [`io::Error`], and the address or path that it concerns.
#[derive(Clone)]
pub struct OsError(Arc<Inner>);

struct Inner {
    error: io::Error,
    subject: Option<String>,
}

impl OsError {
    pub(crate) fn new(error: io::Error) -> Self {
        Self(Arc::new(Inner { error, subject: None }))
    }

    pub(crate) fn at(self, subject: impl fmt::Display) -> Self {
        let subject = Some(subject.to_string());
        match Arc::try_unwrap(self.0) {
            Ok(Inner { error, .. }) => Self(Arc::new(Inner { error, subject })),
            Err(shared) => Self(Arc::new(Inner { error: copy(&shared.error), subject })),
        }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> io::ErrorKind {
        self.0.error.kind()
    }

    /// The system's number for it, `errno` on Unix, if the system made it.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.error.raw_os_error()
    }

    /// The address or path that it concerns.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    #[cfg(feature = "process-pool")]
    pub(super) fn io(&self) -> &io::Error {
        &self.0.error
    }

    pub(super) fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.error.get_ref()?.downcast_ref()
    }
}

/// An `io::Error` cannot be cloned: the number is kept where there is one, else the kind and the text.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

impl fmt::Debug for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OsError").field("error", &self.0.error).field("subject", &self.0.subject).finish()
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.subject {
            Some(subject) => write!(f, "OSError: {}: {subject}", self.0.error),
            None => write!(f, "OSError: {}", self.0.error),
        }
    }
}

impl StdError for OsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.error.source()
    }
}
