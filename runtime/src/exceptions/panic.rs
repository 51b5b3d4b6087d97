//! A panic as an error: caught in one poll or callback, delivered to whoever awaits, and able to go on unwinding.
//!
//! The place of a panic is known to the panic hook only. The crate puts a hook of its own before the one that it
//! finds, once a process; it notes the place for the thread and then calls that one, so messages print as before.

use std::any::Any;
use std::cell::RefCell;
use std::error::Error as StdError;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// A task or callback panicked.
///
/// Awaiting a task that panicked gives this error; [`resume`](Self::resume) continues the unwinding.
#[derive(Clone)]
pub struct Panic(Arc<Inner>);

struct Inner {
    message: String,
    location: Option<String>,
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast_ref::<&str>() {
            Some(text) => (*text).to_owned(),
            None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a value that is no text".to_owned()),
        };
        let location = LOCATION.with(RefCell::take);
        Self(Arc::new(Inner { message, location, payload: Mutex::new(Some(payload)) }))
    }

    /// A panic in another process: what it said and where.
    #[cfg(feature = "process-pool")]
    pub(super) fn described(message: String, location: Option<String>) -> Self {
        Self(Arc::new(Inner { message, location, payload: Mutex::new(None) }))
    }

    /// The text of the panic.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, as `file:line:column`.
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// Continues the unwinding where the error has come to.
    ///
    /// # Panics
    ///
    /// Always: with the original payload the first time, with its text from then on.
    pub fn resume(self) -> ! {
        let payload = self.0.payload.lock().unwrap_or_else(PoisonError::into_inner).take();
        panic::resume_unwind(payload.unwrap_or_else(|| Box::new(self.0.message.clone())))
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic").field("message", &self.0.message).field("location", &self.0.location).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panic: {}", self.0.message)?;
        match &self.0.location {
            Some(location) => write!(f, " (at {location})"),
            None => Ok(()),
        }
    }
}

impl StdError for Panic {}

/// Runs `f` and turns a panic in it into an error.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    // Whatever `f` was changing is either dropped with it or guarded by cells that are left whole.
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(Panic::new)
}

thread_local! {
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts the hook that notes places before the present one; only the first call does anything.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string);
            // A thread that is ending has no cell any more; it has no task either.
            let _ = LOCATION.try_with(|cell| cell.replace(place));
            previous(info);
        }));
    });
}
