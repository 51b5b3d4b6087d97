//! The conversions that let `?` work between [`Error`] and what surrounds it.
//!
//! A blanket `From<E: std::error::Error>` cannot exist beside `Error: std::error::Error`, so a user's own type goes
//! through [`Error::other`]. What was wrapped on the way out is unwrapped on the way in.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use super::{
    CancelledError, Error, ExceptionGroup, InvalidStateError, OsError, Other, Panic, SslError, SslReason, TimeoutError,
};

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
        if let Some(error) = carried(&*error) {
            return error;
        }
        match error.downcast::<io::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => Self::Other(Other::new(error)),
        }
    }
}

/// What was only carried by another type of error is itself again: a cancel must stay one, whoever passes it on.
fn carried(error: &(dyn StdError + 'static)) -> Option<Error> {
    fn is<E: StdError + Clone + Into<Error> + 'static>(error: &(dyn StdError + 'static)) -> Option<Error> {
        error.downcast_ref::<E>().cloned().map(Into::into)
    }
    is::<Error>(error)
        .or_else(|| is::<CancelledError>(error))
        .or_else(|| is::<TimeoutError>(error))
        .or_else(|| is::<OsError>(error))
        .or_else(|| is::<Panic>(error))
        .or_else(|| is::<ExceptionGroup>(error))
        .or_else(|| is::<SslError>(error))
        .or_else(|| is::<InvalidStateError>(error))
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

impl From<ExceptionGroup> for Error {
    fn from(group: ExceptionGroup) -> Self {
        Self::ExceptionGroup(Arc::new(group))
    }
}

/// An error of this crate that anyhow has only carried is itself again. With a context it is an error of the program's
/// own, whose source it is.
#[cfg(feature = "anyhow")]
#[cfg_attr(docsrs, doc(cfg(feature = "anyhow")))]
impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        // Not `anyhow::Error::downcast`, which sees through contexts, and would lose them.
        let first: &(dyn StdError + 'static) = &*error;
        if let Some(error) = carried(first) {
            return error;
        }
        if first.is::<io::Error>() {
            return error.downcast::<io::Error>().map_or_else(Self::other, Self::from);
        }
        Self::Other(Other::new(error.into()))
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
