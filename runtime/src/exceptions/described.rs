//! An error as it goes from one process to another: by its name, with what it carries.
//!
//! What the crate's own errors carry arrives whole. An error of the user's own has a type that only its process can
//! name: it arrives as a [`RemoteError`], with its text and those of its causes.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    CancelledError, Error, ExceptionGroup, IncompleteReadError, LimitOverrunError, OsError, Panic, ResolveError,
    TimeoutError,
};

/// An error, ready to be turned into bytes.
#[derive(Serialize, Deserialize)]
pub(crate) enum Described {
    Cancelled(Option<String>),
    Timeout,
    InvalidState(String),
    IncompleteRead { partial: Vec<u8>, expected: Option<usize> },
    LimitOverrun { message: String, consumed: usize },
    QueueEmpty,
    QueueFull,
    QueueShutDown,
    BrokenBarrier,
    SendfileNotAvailable(String),
    Group { message: String, exceptions: Vec<Self> },
    Runtime(String),
    Value(String),
    NotImplemented(String),
    KeyboardInterrupt,
    Resolve { host: String, reason: Io },
    BrokenProcessPool(String),
    BrokenThreadPool(String),
    Panic { message: String, location: Option<String> },
    Os { error: Io, subject: Option<String> },
    Other(RemoteError),
}

/// An [`io::Error`]: its number if the system made it, else its kind and text.
#[derive(Serialize, Deserialize)]
pub(crate) enum Io {
    Number(i32),
    Text(Option<u8>, String),
}

/// An error of a type that stayed in another process; its text came.
///
/// Found with [`Error::downcast_ref`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteError {
    text: String,
    cause: Option<Box<Self>>,
}

impl RemoteError {
    fn of(error: &dyn StdError) -> Self {
        Self { text: error.to_string(), cause: error.source().map(|cause| Box::new(Self::of(cause))) }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for RemoteError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<&Error> for Described {
    fn from(error: &Error) -> Self {
        match error {
            Error::CancelledError(error) => Self::Cancelled(error.message().map(ToOwned::to_owned)),
            Error::TimeoutError(_) => Self::Timeout,
            Error::InvalidStateError(error) => Self::InvalidState(after_name(error)),
            Error::IncompleteReadError(error) => {
                Self::IncompleteRead { partial: error.partial.clone(), expected: error.expected }
            }
            Error::LimitOverrunError(error) => {
                Self::LimitOverrun { message: error.message.clone(), consumed: error.consumed }
            }
            Error::QueueEmpty => Self::QueueEmpty,
            Error::QueueFull => Self::QueueFull,
            Error::QueueShutDown => Self::QueueShutDown,
            Error::BrokenBarrierError => Self::BrokenBarrier,
            Error::SendfileNotAvailableError(text) => Self::SendfileNotAvailable(text.to_string()),
            Error::ExceptionGroup(group) => Self::Group {
                message: group.message().to_owned(),
                exceptions: group.exceptions().iter().map(Into::into).collect(),
            },
            Error::RuntimeError(text) => Self::Runtime(text.to_string()),
            Error::ValueError(text) => Self::Value(text.to_string()),
            Error::NotImplementedError(text) => Self::NotImplemented(text.to_string()),
            Error::KeyboardInterrupt => Self::KeyboardInterrupt,
            Error::ResolveError(error) => Self::Resolve { host: error.host.clone(), reason: Io::of(&error.reason) },
            Error::BrokenProcessPool(text) => Self::BrokenProcessPool(text.to_string()),
            Error::BrokenThreadPool(text) => Self::BrokenThreadPool(text.to_string()),
            Error::Panic(panic) => {
                Self::Panic { message: panic.message().to_owned(), location: panic.location().map(ToOwned::to_owned) }
            }
            Error::OsError(error) => {
                Self::Os { error: Io::of(error.io()), subject: error.subject().map(ToOwned::to_owned) }
            }
            Error::SslError(error) => Self::Other(RemoteError::of(&**error)),
            Error::Other(error) => Self::Other(RemoteError::of(error)),
        }
    }
}

/// The text of an error behind its name.
fn after_name(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, text)| text.to_owned())
}

impl From<Described> for Error {
    fn from(described: Described) -> Self {
        match described {
            Described::Cancelled(None) => CancelledError::default().into(),
            Described::Cancelled(Some(message)) => CancelledError::new(message).into(),
            Described::Timeout => TimeoutError::new().into(),
            Described::InvalidState(text) => Self::invalid_state(text),
            Described::IncompleteRead { partial, expected } => {
                Self::IncompleteReadError(Arc::new(IncompleteReadError { partial, expected }))
            }
            Described::LimitOverrun { message, consumed } => {
                Self::LimitOverrunError(Arc::new(LimitOverrunError { message, consumed }))
            }
            Described::QueueEmpty => Self::QueueEmpty,
            Described::QueueFull => Self::QueueFull,
            Described::QueueShutDown => Self::QueueShutDown,
            Described::BrokenBarrier => Self::BrokenBarrierError,
            Described::SendfileNotAvailable(text) => Self::SendfileNotAvailableError(super::Message::new(text)),
            Described::Group { message, exceptions } => {
                ExceptionGroup::new(message, exceptions.into_iter().map(Into::into)).into()
            }
            Described::Runtime(text) => Self::runtime_error(text),
            Described::Value(text) => Self::value_error(text),
            Described::NotImplemented(text) => Self::not_implemented(text),
            Described::KeyboardInterrupt => Self::KeyboardInterrupt,
            Described::Resolve { host, reason } => {
                Self::ResolveError(Arc::new(ResolveError { host, reason: Arc::new(reason.into()) }))
            }
            Described::BrokenProcessPool(text) => Self::broken_process_pool(text),
            Described::BrokenThreadPool(text) => Self::broken_thread_pool(text),
            Described::Panic { message, location } => Panic::described(message, location).into(),
            Described::Os { error, subject: None } => OsError::new(error.into()).into(),
            Described::Os { error, subject: Some(subject) } => OsError::new(error.into()).at(subject).into(),
            Described::Other(error) => Self::other(error),
        }
    }
}

impl Io {
    fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(number) => Self::Number(number),
            None => {
                let kind = KINDS.iter().position(|kind| *kind == error.kind());
                Self::Text(kind.and_then(|kind| u8::try_from(kind).ok()), error.to_string())
            }
        }
    }
}

impl From<Io> for io::Error {
    fn from(error: Io) -> Self {
        match error {
            Io::Number(number) => Self::from_raw_os_error(number),
            Io::Text(kind, text) => {
                let kind = kind.and_then(|kind| KINDS.get(usize::from(kind)));
                Self::new(kind.copied().unwrap_or(ErrorKind::Other), text)
            }
        }
    }
}

/// The kinds that the standard library gives to errors of its own; their numbers are their places here.
const KINDS: [ErrorKind; 20] = [
    ErrorKind::NotFound,
    ErrorKind::PermissionDenied,
    ErrorKind::ConnectionRefused,
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::NotConnected,
    ErrorKind::AddrInUse,
    ErrorKind::AddrNotAvailable,
    ErrorKind::BrokenPipe,
    ErrorKind::AlreadyExists,
    ErrorKind::WouldBlock,
    ErrorKind::InvalidInput,
    ErrorKind::InvalidData,
    ErrorKind::TimedOut,
    ErrorKind::WriteZero,
    ErrorKind::Interrupted,
    ErrorKind::Unsupported,
    ErrorKind::UnexpectedEof,
    ErrorKind::OutOfMemory,
    ErrorKind::Other,
];
