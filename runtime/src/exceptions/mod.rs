//! The errors of asyncio's exceptions page, by name, as one small enum.
//!
//! Everything in the crate fails with [`Error`]: two words, clonable, and free to cross threads. The variants say
//! who is to blame; the text of each names the culprit and what to do about it. A user's own error enters with
//! [`Error::other`] and is found again with [`Error::downcast_ref`].

mod convert;
#[cfg(feature = "process-pool")]
mod described;
mod details;
mod group;
mod os;
mod panic;
mod ssl;

#[cfg(feature = "process-pool")]
pub(crate) use described::Described;
#[cfg(feature = "process-pool")]
pub use described::RemoteError;
pub(crate) use details::Place;
pub use details::{
    CancelledError, IncompleteReadError, InvalidStateError, LimitOverrunError, Message, Other, ResolveError,
    TimeoutError,
};
pub use group::{ExceptionGroup, Leaves};
pub use os::OsError;
pub use panic::Panic;
pub(crate) use panic::{catch, install_hook};
pub use ssl::{SslError, SslReason};

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

/// The result of nearly everything here; its error is [`Error`] unless another one is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, under the names of asyncio's exceptions page.
///
/// Two words large, clonable, `Send` and `Sync`. New variants may come, so a `match` needs a last arm. `?` turns an
/// [`io::Error`] into [`Error::OsError`], and an `Error` into an `io::Error` or a boxed error.
///
/// # Examples
///
/// ```
/// let error = asyncio::Error::value_error("the backlog must be positive, 0 was given");
/// assert_eq!(error.to_string(), "ValueError: the backlog must be positive, 0 was given");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// What was awaited had itself been cancelled.
    CancelledError(CancelledError),
    /// A deadline passed.
    TimeoutError(TimeoutError),
    /// A result was asked for too early, or set twice.
    InvalidStateError(InvalidStateError),
    /// The stream ended in the middle of what was to be read.
    IncompleteReadError(Arc<IncompleteReadError>),
    /// A separator was not found within the limit.
    LimitOverrunError(Arc<LimitOverrunError>),
    /// `get_nowait` on an empty queue.
    QueueEmpty,
    /// `put_nowait` on a full queue.
    QueueFull,
    /// The queue was shut down.
    QueueShutDown,
    /// The barrier was reset or aborted while somebody waited.
    BrokenBarrierError,
    /// The sendfile system call cannot serve this file or transport.
    SendfileNotAvailableError(Message),
    /// Several errors at once.
    ExceptionGroup(Arc<ExceptionGroup>),
    /// The call is not allowed in this state; the text names the culprit and the fix.
    RuntimeError(Message),
    /// An argument is out of its range; the text names it.
    ValueError(Message),
    /// This object does not offer the operation.
    NotImplementedError(Message),
    /// Ctrl-C ended the main task.
    KeyboardInterrupt,
    /// The TLS layer failed.
    SslError(Arc<SslError>),
    /// A host name could not be resolved.
    ResolveError(Arc<ResolveError>),
    /// A worker process died and took its call with it, or no worker can work.
    BrokenProcessPool(Message),
    /// The initializer of a thread pool failed, so none of its threads can work.
    BrokenThreadPool(Message),
    /// A task panicked.
    Panic(Panic),
    /// The operating system refused; the address or path it concerns is kept.
    OsError(OsError),
    /// An error of the user's own.
    Other(Other),
}

impl Error {
    /// An error of the user's own, found again with [`downcast_ref`](Self::downcast_ref).
    ///
    /// An `asyncio::Error` that is passed in comes back as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = asyncio::Error::other("42a".parse::<u8>().unwrap_err());
    /// assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
    /// ```
    pub fn other(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        error.into().into()
    }

    /// A [`RuntimeError`](Self::RuntimeError) with this text.
    pub fn runtime_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::RuntimeError(Message::new(message))
    }

    /// A [`ValueError`](Self::ValueError) with this text.
    pub fn value_error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::ValueError(Message::new(message))
    }

    /// A [`NotImplementedError`](Self::NotImplementedError) with this text.
    pub fn not_implemented(message: impl Into<Cow<'static, str>>) -> Self {
        Self::NotImplementedError(Message::new(message))
    }

    /// An [`InvalidStateError`](Self::InvalidStateError) with this text.
    pub fn invalid_state(message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidStateError(InvalidStateError::new(message))
    }

    /// An [`OsError`](Self::OsError) that says which address or path it concerns.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// let error = asyncio::Error::os_error_at(io::ErrorKind::ConnectionRefused.into(), "127.0.0.1:9");
    /// assert!(error.to_string().contains("127.0.0.1:9"));
    /// ```
    pub fn os_error_at(error: io::Error, subject: impl fmt::Display) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        match inner {
            // What a system does not have: that says it all.
            Some(Self::NotImplementedError(_)) => Self::from(error),
            _ => Self::OsError(OsError::new(error).at(subject)),
        }
    }

    pub(crate) fn broken_thread_pool(message: impl Into<Cow<'static, str>>) -> Self {
        Self::BrokenThreadPool(Message::new(message))
    }

    #[cfg(feature = "process-pool")]
    pub(crate) fn broken_process_pool(message: impl Into<Cow<'static, str>>) -> Self {
        Self::BrokenProcessPool(Message::new(message))
    }

    /// Whether this is a [`CancelledError`](Self::CancelledError).
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::CancelledError(_))
    }

    /// Whether this is a [`TimeoutError`](Self::TimeoutError).
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimeoutError(_))
    }

    /// The kind of the operating system's error, if it is one.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::OsError(error) => Some(error.kind()),
            _ => None,
        }
    }

    /// The user's own error of type `E`, if this carries one.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        match self {
            Self::Other(other) => other.downcast_ref(),
            Self::OsError(error) => error.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CancelledError(error) => error.fmt(f),
            Self::TimeoutError(error) => error.fmt(f),
            Self::InvalidStateError(error) => error.fmt(f),
            Self::IncompleteReadError(error) => error.fmt(f),
            Self::LimitOverrunError(error) => error.fmt(f),
            Self::QueueEmpty => f.write_str("QueueEmpty: there is no item to get"),
            Self::QueueFull => f.write_str("QueueFull: there is no free slot to put into"),
            Self::QueueShutDown => f.write_str("QueueShutDown: the queue was shut down"),
            Self::BrokenBarrierError => f.write_str("BrokenBarrierError: the barrier was reset or aborted"),
            Self::SendfileNotAvailableError(text) => write!(f, "SendfileNotAvailableError: {text}"),
            Self::ExceptionGroup(group) => group.fmt(f),
            Self::RuntimeError(text) => write!(f, "RuntimeError: {text}"),
            Self::ValueError(text) => write!(f, "ValueError: {text}"),
            Self::NotImplementedError(text) => write!(f, "NotImplementedError: {text}"),
            Self::KeyboardInterrupt => f.write_str("KeyboardInterrupt"),
            Self::SslError(error) => error.fmt(f),
            Self::ResolveError(error) => error.fmt(f),
            Self::BrokenProcessPool(text) => write!(f, "BrokenProcessPool: {text}"),
            Self::BrokenThreadPool(text) => write!(f, "BrokenThreadPool: {text}"),
            Self::Panic(panic) => panic.fmt(f),
            Self::OsError(error) => error.fmt(f),
            Self::Other(other) => other.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::TimeoutError(error) => error.source(),
            Self::OsError(error) => error.source(),
            Self::ResolveError(error) => error.source(),
            Self::Other(other) => other.source(),
            _ => None,
        }
    }
}

const _: () = assert!(size_of::<Error>() <= 2 * size_of::<usize>(), "an error must stay two words");
