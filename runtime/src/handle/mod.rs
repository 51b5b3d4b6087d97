//! `Handle` and `TimerHandle`: what `call_soon` and `call_later` give back.
//!
//! A handle is a shared cell around its callback. Cancelling empties the cell at once, so what the callback captured
//! is dropped then and not when its turn comes.

mod call;
mod erased;

pub(crate) use call::{Call, CallCell, RepeatedCall};
pub(crate) use erased::{
    CancelTarget, CancelVTable, LocalWaker, LocalWakerVTable, Polled, Runnable, RunnableVTable, polled,
    set_local_vtable, set_polled,
};

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::context::{self, Context};
use crate::exceptions::Result;
use crate::timers::{TimerKey, Timers};

/// A callback that waits for its turn. Python: `asyncio.Handle`.
///
/// Dropping the handle changes nothing; the callback runs all the same.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// let event_loop = asyncio::EventLoop::new()?;
/// let handle = event_loop.call_soon(|| unreachable!("it was cancelled"))?;
/// handle.cancel();
/// assert!(handle.cancelled());
/// event_loop.stop();
/// event_loop.run_forever()?;
/// event_loop.close()
/// # }
/// ```
#[derive(Clone)]
pub struct Handle(Rc<dyn Call>);

impl Handle {
    pub(crate) fn of(call: Rc<dyn Call>) -> Self {
        Self(call)
    }

    /// A callback that no loop has scheduled, in a copy of the current context: for an
    /// [`AbstractEventLoop`](crate::AbstractEventLoop) of one's own, which keeps it and calls [`run`](Self::run).
    #[track_caller]
    pub fn new(callback: impl FnOnce() + 'static) -> Self {
        Self(Rc::new(CallCell::new(callback, context::snapshot(), Location::caller())))
    }

    /// Runs the callback in its context, unless it ran or was cancelled. Loops do that; programs need not.
    ///
    /// # Errors
    ///
    /// `Panic` if the callback panics: what a loop hands to its exception handler.
    pub fn run(&self) -> Result<()> {
        Ok(self.0.invoke()?)
    }

    /// Keeps the callback from running and drops it, with what it captured, at once. Calling it again is harmless,
    /// and after the callback ran it does nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether it was cancelled; it stays false once the callback has run.
    pub fn cancelled(&self) -> bool {
        self.0.cancelled()
    }

    /// The context that the callback runs in.
    pub fn get_context(&self) -> Context {
        self.0.context()
    }

    /// Where it was scheduled.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.cancelled() { " cancelled" } else { "" };
        write!(f, "<Handle{state} {} created at {}>", self.0.name(), self.location())
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Handle {}

/// What a timer does when it is due.
pub(crate) enum TimerAction {
    Call(Rc<dyn Call>),
    Wake(LocalWaker),
}

/// The timers of one loop, shared with their handles.
pub(crate) type TimerQueue = RefCell<Timers<TimerAction>>;

/// A callback that waits for its time. Python: `asyncio.TimerHandle`.
///
/// Timer handles are ordered and hashed by their deadline.
#[derive(Clone)]
pub struct TimerHandle {
    handle: Handle,
    when: Duration,
    /// Its place among the timers of a loop; `None` if a loop of somebody else's keeps it.
    place: Option<(TimerKey, Weak<TimerQueue>)>,
}

impl TimerHandle {
    pub(crate) fn queued(handle: Handle, when: Duration, key: TimerKey, timers: &Rc<TimerQueue>) -> Self {
        Self { handle, when, place: Some((key, Rc::downgrade(timers))) }
    }

    /// A callback that no loop has scheduled; as [`Handle::new`].
    #[track_caller]
    pub fn new(when: Duration, callback: impl FnOnce() + 'static) -> Self {
        Self { handle: Handle::new(callback), when, place: None }
    }

    /// The callback without its deadline: what a loop runs when that has come.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The deadline, in the time of [`EventLoop::time`](crate::EventLoop::time).
    pub fn when(&self) -> Duration {
        self.when
    }

    /// Keeps the callback from running; the timer leaves the queue at once.
    pub fn cancel(&self) {
        if let Some((key, timers)) = &self.place {
            if let Some(timers) = timers.upgrade() {
                let action = timers.borrow_mut().remove(*key);
                drop(action);
            }
        }
        self.handle.cancel();
    }

    /// Whether it was cancelled; it stays false once the callback has run.
    pub fn cancelled(&self) -> bool {
        self.handle.cancelled()
    }

    /// The context that the callback runs in.
    pub fn get_context(&self) -> Context {
        self.handle.get_context()
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<TimerHandle when={} {:?}>", self.when.as_secs_f64(), self.handle)
    }
}

impl PartialEq for TimerHandle {
    fn eq(&self, other: &Self) -> bool {
        self.when == other.when && self.handle == other.handle
    }
}

impl Eq for TimerHandle {}

impl PartialOrd for TimerHandle {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TimerHandle {
    fn cmp(&self, other: &Self) -> Ordering {
        // The address settles equal deadlines, so that the order agrees with `==`.
        let address = |handle: &Self| Rc::as_ptr(&handle.handle.0).cast::<()>();
        self.when.cmp(&other.when).then_with(|| address(self).cmp(&address(other)))
    }
}

impl Hash for TimerHandle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.when.hash(state);
    }
}
