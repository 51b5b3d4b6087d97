//! The conversions that let `?` work between [`Error`] and what surrounds it.
//!
//! A blanket `From<E: std::error::Error>` cannot exist beside `Error: std::error::Error`, so a user's own type goes
//! through [`Error::other`]. What was wrapped on the way out is unwrapped on the way in.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use super::{CancelledError, Error, InvalidStateError, OsError, Other, Panic, SslError, SslReason, TimeoutError};

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<Self>()) {
            let inner = error.into_inner().map(|inner| inner.downcast::<Self>());
            if let Some(Ok(inner)) = inner {
                return *inner;
            }
            unreachable!("the type of the inner error was just looked at");
        }
        Self::OsError(OsError::new(error))
    }
}

impl From<Box<dyn StdError + Send + Sync>> for Error {
    fn from(error: Box<dyn StdError + Send + Sync>) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(error) => return *error,
            Err(error) => error,
        };
        match error.downcast::<io::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => Self::Other(Other::new(error)),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::OsError(error) => error.kind(),
            Error::TimeoutError(_) => io::ErrorKind::TimedOut,
            Error::IncompleteReadError(_) => io::ErrorKind::UnexpectedEof,
            Error::ValueError(_) => io::ErrorKind::InvalidInput,
            Error::NotImplementedError(_) => io::ErrorKind::Unsupported,
            Error::KeyboardInterrupt => io::ErrorKind::Interrupted,
            Error::ResolveError(error) => error.reason.kind(),
            Error::SslError(error) if error.reason() == SslReason::Truncated => io::ErrorKind::UnexpectedEof,
            Error::SslError(_) => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl From<CancelledError> for Error {
    fn from(error: CancelledError) -> Self {
        Self::CancelledError(error)
    }
}

impl From<TimeoutError> for Error {
    fn from(error: TimeoutError) -> Self {
        Self::TimeoutError(error)
    }
}

impl From<InvalidStateError> for Error {
    fn from(error: InvalidStateError) -> Self {
        Self::InvalidStateError(error)
    }
}

impl From<OsError> for Error {
    fn from(error: OsError) -> Self {
        Self::OsError(error)
    }
}

impl From<SslError> for Error {
    fn from(error: SslError) -> Self {
        Self::SslError(Arc::new(error))
    }
}

impl From<Panic> for Error {
    fn from(panic: Panic) -> Self {
        Self::Panic(panic)
    }
}

impl From<super::ExceptionGroup> for Error {
    fn from(group: super::ExceptionGroup) -> Self {
        Self::ExceptionGroup(Arc::new(group))
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
