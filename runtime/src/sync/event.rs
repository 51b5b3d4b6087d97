//! `Event`: a flag that can be waited for.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::bound::Bound;
use super::wait_queue::{Place, WaitQueue};
use crate::cancellation::is_marked;
use crate::exceptions::Result;
use crate::trace::{WaitsFor, address_of, waits_for};

/// A flag that tasks wait for. Python: `asyncio.Event`.
///
/// A clonable handle that stays on its thread; a clone is the same event.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let event = asyncio::Event::new();
///     let waiter = asyncio::create_task(event.wait());
///     asyncio::sleep(std::time::Duration::ZERO).await;
///     event.set();
///     waiter.await
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Event {
    shared: Rc<Shared>,
}

struct Shared {
    set: Cell<bool>,
    waiters: WaitQueue,
    bound: Bound,
}

impl Event {
    /// An event that is not set. It needs no running loop.
    pub fn new() -> Self {
        Self { shared: Rc::new(Shared { set: Cell::new(false), waiters: WaitQueue::new(), bound: Bound::new() }) }
    }

    /// Whether it is set. Python: `Event.is_set()`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!asyncio::Event::new().is_set());
    /// ```
    pub fn is_set(&self) -> bool {
        self.shared.set.get()
    }

    /// Sets it and wakes all who wait. Python: `Event.set()`.
    ///
    /// They go on even if [`clear`](Self::clear) follows at once. Setting it twice is harmless.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = asyncio::Event::new();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    pub fn set(&self) {
        if !self.shared.set.replace(true) {
            self.shared.waiters.wake_all();
        }
    }

    /// Unsets it: who waits from now on waits for the next [`set`](Self::set). Python: `Event.clear()`.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = asyncio::Event::new();
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    pub fn clear(&self) {
        self.shared.set.set(false);
    }

    /// Waits until it is set; at once, without a tick, if it is. Python: `Event.wait()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it must wait, and tasks of another loop have waited for this event before.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost: the event stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event = asyncio::Event::new();
    ///     let setter = event.clone();
    ///     asyncio::get_running_loop()?.call_soon(move || setter.set())?;
    ///     event.wait().await
    /// })
    /// # }
    /// ```
    pub fn wait(&self) -> EventWait {
        EventWait { event: self.clone(), place: None }
    }
}

/// What [`Event::wait`] returns.
#[derive(Debug)]
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct EventWait {
    event: Event,
    place: Option<Place>,
}

impl Future for EventWait {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        let shared = &*this.event.shared;
        match this.place {
            None if shared.set.get() => return Poll::Ready(Ok(())),
            None => {
                shared.bound.check("event")?;
                this.place = Some(shared.waiters.enter(context));
            }
            // Not the flag: it may have been cleared since.
            Some(place) if !is_marked() && shared.waiters.leave_if_woken(place, context) => {
                this.place = None;
                return Poll::Ready(Ok(()));
            }
            Some(_) => {}
        }
        waits_for(WaitsFor::Event, address_of(shared));
        Poll::Pending
    }
}

impl Drop for EventWait {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.event.shared.waiters.leave(place);
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_set() { "set" } else { "unset" };
        write!(f, "<Event {state}, waiters: {}>", self.shared.waiters.len())
    }
}
