//! What the single variants of [`Error`](super::Error) carry.
//!
//! Each is one pointer wide, so that the enum stays two words, and each prints the Python name of its exception.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The text of an error: the culprit and the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Arc<Cow<'static, str>>);

impl Message {
    pub(crate) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A task or future was cancelled. Python: `asyncio.CancelledError`.
///
/// It is a value only where something that had been cancelled is awaited, and from
/// [`catch_cancelled`](crate::catch_cancelled). A cancel of the running task is never one: it cannot be swallowed by
/// an error handler.
///
/// # Examples
///
/// ```
/// let error = asyncio::CancelledError::new("shutting down");
/// assert_eq!(error.message(), Some("shutting down"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CancelledError {
    message: Option<Message>,
}

impl CancelledError {
    /// A cancellation with a message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: Some(Message::new(message)) }
    }

    pub(crate) fn from_message(message: Option<Message>) -> Self {
        Self { message }
    }

    pub(crate) fn into_message(self) -> Option<Message> {
        self.message
    }

    /// The message given to `cancel`, if there was one.
    pub fn message(&self) -> Option<&str> {
        self.message.as_ref().map(Message::as_str)
    }
}

impl fmt::Display for CancelledError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "CancelledError: {message}"),
            None => f.write_str("CancelledError"),
        }
    }
}

impl StdError for CancelledError {}

/// A deadline passed. Python: `TimeoutError`.
///
/// Its text says what was waited for at the deadline, and in which coroutines. Its source is the [`CancelledError`] by which the body left.
#[derive(Clone, Debug, Default)]
pub struct TimeoutError {
    cause: Option<Arc<Expired>>,
}

/// Where somebody waited; it prints what follows "waited".
pub(crate) trait Place: fmt::Display + fmt::Debug + Send + Sync {}

impl<T: fmt::Display + fmt::Debug + Send + Sync> Place for T {}

#[derive(Debug)]
struct Expired {
    at: Option<Box<dyn Place>>,
    cause: CancelledError,
}

impl TimeoutError {
    /// A deadline that passed, without more to say.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn expired(at: Option<Box<dyn Place>>, cause: CancelledError) -> Self {
        Self { cause: Some(Arc::new(Expired { at, cause })) }
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause.as_ref().and_then(|expired| expired.at.as_ref()) {
            Some(place) => write!(f, "TimeoutError: the deadline passed while it waited {place}"),
            None => f.write_str("TimeoutError"),
        }
    }
}

impl StdError for TimeoutError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|expired| &expired.cause as _)
    }
}

/// A result was asked for too early, or set twice. Python: `asyncio.InvalidStateError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidStateError {
    message: Message,
}

impl InvalidStateError {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: Message::new(message) }
    }
}

impl fmt::Display for InvalidStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidStateError: {}", self.message)
    }
}

impl StdError for InvalidStateError {}

/// The stream ended early. Python: `asyncio.IncompleteReadError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncompleteReadError {
    /// What had been read before the end.
    pub partial: Vec<u8>,
    /// How many bytes were wanted, if that is known.
    pub expected: Option<usize>,
}

impl fmt::Display for IncompleteReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.partial.len();
        match self.expected {
            Some(expected) => write!(f, "IncompleteReadError: {read} bytes read on a total of {expected} expected"),
            None => write!(f, "IncompleteReadError: {read} bytes read, and the stream ended"),
        }
    }
}

impl StdError for IncompleteReadError {}

/// No separator within the limit. Python: `asyncio.LimitOverrunError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitOverrunError {
    /// What happened.
    pub message: String,
    /// How many bytes can be consumed to go on.
    pub consumed: usize,
}

impl fmt::Display for LimitOverrunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LimitOverrunError: {}", self.message)
    }
}

impl StdError for LimitOverrunError {}

/// A host name could not be resolved. Python: `socket.gaierror`.
#[derive(Clone, Debug)]
pub struct ResolveError {
    /// The name that was asked for.
    pub host: String,
    /// What the system's resolver said.
    pub reason: Arc<std::io::Error>,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResolveError: the host {:?} could not be resolved: {}", self.host, self.reason)
    }
}

impl StdError for ResolveError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.reason)
    }
}

/// An error of the user's own, kept as it was.
#[derive(Clone)]
pub struct Other(Arc<Box<dyn StdError + Send + Sync>>);

impl Other {
    pub(super) fn new(error: Box<dyn StdError + Send + Sync>) -> Self {
        Self(Arc::new(error))
    }

    /// The error itself.
    pub fn get(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &**self.0
    }

    pub(super) fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for Other {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
