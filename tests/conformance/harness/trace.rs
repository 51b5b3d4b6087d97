//! What a program notes: lines of words, in the form that `programs.py` has for them.

use std::cell::RefCell;
use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use asyncio::{CancelledError, Error, EventLoop, ExceptionContext, ExceptionGroup, PutError};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes a line of words.
macro_rules! say {
    ($($word:expr),+ $(,)?) => {
        $crate::harness::trace::note(vec![$($crate::harness::trace::Show::show(&$word)),+].join(" "))
    };
}
pub(crate) use say;

pub(crate) fn note(line: String) {
    LINES.with_borrow_mut(|lines| lines.push(line));
}

/// What this thread's program has noted.
pub(crate) fn take() -> Vec<String> {
    LINES.take()
}

/// Notes what the exception handler is given: the message, the exception, the keys of the rest.
pub(crate) fn report(_: &EventLoop, context: &ExceptionContext) {
    let mut keys = context.keys();
    keys.retain(|key| !["exception", "source_traceback", "handle_traceback"].contains(key));
    keys.sort_unstable();
    // What follows is the name of the function, which each language has in its own form.
    let callback = "Exception in callback";
    let message = if context.message().starts_with(callback) { callback } else { context.message() };
    say!("reported:", message, context.get_exception(), List(keys));
}

/// The error that programs raise themselves.
#[derive(Clone, Debug)]
pub(crate) struct Boom(pub(crate) &'static str);

impl fmt::Display for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Boom({})", self.0)
    }
}

impl std::error::Error for Boom {}

impl From<Boom> for Error {
    fn from(boom: Boom) -> Self {
        Self::other(boom)
    }
}

/// How a value is noted.
pub(crate) trait Show {
    fn show(&self) -> String;
}

macro_rules! as_displayed {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                self.to_string()
            }
        })*
    };
}
as_displayed!(str, String, bool, i32, u8, u16, u32, u64, usize);

impl<T: Show + ?Sized> Show for &T {
    fn show(&self) -> String {
        (**self).show()
    }
}

impl Show for () {
    fn show(&self) -> String {
        "none".to_owned()
    }
}

impl Show for Duration {
    fn show(&self) -> String {
        self.as_secs_f64().to_string()
    }
}

impl Show for [u8] {
    fn show(&self) -> String {
        String::from_utf8_lossy(self).into_owned()
    }
}

impl<const N: usize> Show for [u8; N] {
    fn show(&self) -> String {
        self[..].show()
    }
}

/// Bytes; lists of anything else are shown by [`List`].
impl Show for Vec<u8> {
    fn show(&self) -> String {
        self[..].show()
    }
}

/// Several values.
#[derive(Clone)]
pub(crate) struct List<I>(pub(crate) I);

impl<I: Clone + IntoIterator<Item: Show>> Show for List<I> {
    fn show(&self) -> String {
        let items: Vec<String> = self.0.clone().into_iter().map(|item| item.show()).collect();
        format!("[{}]", items.join(", "))
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), Show::show)
    }
}

impl<T: Show, E: Show> Show for Result<T, E> {
    fn show(&self) -> String {
        match self {
            Ok(value) => value.show(),
            Err(error) => error.show(),
        }
    }
}

impl<T> Show for PutError<T> {
    fn show(&self) -> String {
        self.error.show()
    }
}

impl Show for CancelledError {
    fn show(&self) -> String {
        self.message().map_or_else(|| "CancelledError".to_owned(), |text| format!("CancelledError({text})"))
    }
}

impl Show for ExceptionGroup {
    fn show(&self) -> String {
        let inner: Vec<String> = self.exceptions().iter().map(Show::show).collect();
        format!("ExceptionGroup({}: {})", self.message(), inner.join(", "))
    }
}

impl Show for Error {
    fn show(&self) -> String {
        match self {
            Self::CancelledError(error) => error.show(),
            Self::IncompleteReadError(error) => {
                format!("IncompleteReadError({} of {})", error.partial.show(), error.expected.show())
            }
            Self::LimitOverrunError(error) => format!("LimitOverrunError({})", error.consumed),
            Self::ExceptionGroup(group) => group.show(),
            Self::OsError(error) if error.raw_os_error() == Some(libc::ESRCH) => "ProcessLookupError".to_owned(),
            Self::OsError(error) => name_of(error.kind()).to_owned(),
            Self::KeyboardInterrupt => "KeyboardInterrupt".to_owned(),
            // What a Python callback raises is a panic here; its text is what a `Boom` shows.
            Self::Panic(panic) => panic.message().to_owned(),
            Self::Other(other) => other.to_string(),
            // The name stands before the text.
            named => named.to_string().split(':').next().unwrap_or_default().to_owned(),
        }
    }
}

/// Python's class of an error of the system.
fn name_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::BrokenPipe => "BrokenPipeError",
        ErrorKind::ConnectionAborted => "ConnectionAbortedError",
        ErrorKind::ConnectionRefused => "ConnectionRefusedError",
        ErrorKind::ConnectionReset => "ConnectionResetError",
        ErrorKind::NotFound => "FileNotFoundError",
        ErrorKind::PermissionDenied => "PermissionError",
        _ => "OSError",
    }
}
