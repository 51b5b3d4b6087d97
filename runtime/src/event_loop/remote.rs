//! The side of the loop that other threads may touch: `LoopHandle` and `call_soon_threadsafe`.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use super::{EventLoop, Inner, Ready, current_inner};
use crate::exceptions::{Error, Result};
use crate::handle::CallCell;
use crate::sys::{Inbox, Pushed, Unparker};

/// What another thread wants of the loop.
pub(crate) enum Posted {
    Call(Box<dyn FnOnce() + Send>, &'static Location<'static>),
    Wake(Arc<dyn RemoteWake>),
}

/// Something to be woken, delivered on the loop's own thread.
pub(crate) trait RemoteWake: Send + Sync {
    fn deliver(self: Arc<Self>, inner: &Inner);
}

/// The part of a loop that is shared between threads.
pub(crate) struct Shared {
    pub(super) inbox: Inbox<Posted>,
    unparker: Unparker,
}

impl Shared {
    pub(super) fn new(unparker: Unparker) -> Self {
        Self { inbox: Inbox::new(), unparker }
    }

    /// False: the loop is closed.
    pub(crate) fn post(&self, posted: Posted) -> bool {
        match self.inbox.push(posted) {
            Pushed::Queued => true,
            Pushed::Parked => {
                if let Err(error) = self.unparker.unpark() {
                    crate::log::record!(
                        error,
                        "ASY0026: the event loop could not be woken from another thread: {error}"
                    );
                }
                true
            }
            Pushed::Closed(_) => false,
        }
    }

    pub(crate) fn unparker(&self) -> Unparker {
        self.unparker.clone()
    }
}

/// A handle to an event loop that any thread may hold.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     let handle = event_loop.handle();
///     let thread = std::thread::spawn(move || handle.call_soon_threadsafe(|| println!("on the loop's thread")));
///     asyncio::sleep(std::time::Duration::from_millis(1)).await;
///     thread.join().expect("the thread does not panic")
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct LoopHandle {
    shared: Arc<Shared>,
    process: crate::sys::fork::Process,
}

impl LoopHandle {
    /// Runs `callback` on the loop's thread, and wakes the loop if it sleeps. Python: `loop.call_soon_threadsafe()`.
    ///
    /// Calls of one thread run in their order. The callback runs in an empty context: a context stays on its thread.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed, or in a child of the process that made it.
    #[track_caller]
    pub fn call_soon_threadsafe(&self, callback: impl FnOnce() + Send + 'static) -> Result<()> {
        if !self.process.is_current() {
            return Err(Error::runtime_error(crate::sys::fork::FORKED));
        }
        if self.shared.post(Posted::Call(Box::new(callback), Location::caller())) {
            Ok(())
        } else {
            Err(Error::runtime_error("the event loop is closed; nothing can be called on it any more"))
        }
    }

    /// Whether the loop was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.inbox.is_closed()
    }

    /// Whether it is the loop that runs on this thread.
    pub(crate) fn runs_here(&self) -> bool {
        current_inner(|inner| inner.is_some_and(|inner| Arc::ptr_eq(&inner.shared, &self.shared)))
    }
}

impl fmt::Debug for LoopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopHandle").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl EventLoop {
    /// A handle that other threads may hold.
    pub fn handle(&self) -> LoopHandle {
        self.inner().handle()
    }

    /// As [`LoopHandle::call_soon_threadsafe`], for code that has the loop itself.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    #[track_caller]
    pub fn call_soon_threadsafe(&self, callback: impl FnOnce() + Send + 'static) -> Result<()> {
        self.handle().call_soon_threadsafe(callback)
    }
}

impl Inner {
    pub(crate) fn handle(&self) -> LoopHandle {
        LoopHandle { shared: self.shared.clone(), process: self.process }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn deliver(&self, posted: Posted) {
        match posted {
            Posted::Call(callback, location) => {
                self.push(Ready::Call(Rc::new(CallCell::new(callback, None, location))));
            }
            Posted::Wake(wake) => wake.deliver(self),
        }
    }
}
