//! `timeout`, `timeout_at` and the `Timeout` handle behind them.
//!
//! ```text
//!   created ──run──▶ active ──deadline──▶ expiring ──▶ expired
//!                      └──────── the body ends ──────▶ finished
//! ```
//!
//! The deadline is a counted cancel request, as in Python: the body leaves by it, and at its end the request is taken
//! back. It becomes `TimeoutError` only if no other request has come since the beginning; else the leaving goes on.

#[cfg(feature = "process-pool")]
mod nearest;
mod run;

#[cfg(feature = "process-pool")]
pub(crate) use nearest::nearest;
pub use run::WithTimeout;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::IntoFuture;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

use crate::cancellation::{current, take_mark};
use crate::event_loop::{Inner, current_inner};
use crate::exceptions::{Error, Result};
use crate::handle::{LocalWaker, TimerAction};
use crate::task::{TaskOutput, current_trail};
use crate::timers::TimerKey;
use crate::trace::Trail;

/// Awaits something, and cancels it when `delay` is over; `None` is no deadline. Python: `asyncio.timeout()`.
///
/// The delay counts from the first poll. What is awaited is cancelled at the deadline and may clean up; only then is
/// the error returned. To move the deadline while it runs, or to ask whether it has passed, use [`Timeout`].
///
/// # Errors
///
/// `TimeoutError` at the deadline; what the future failed with before.
///
/// # Cancellation
///
/// Cancels what is awaited. A cancel from outside wins over a deadline that has passed at the same time.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let slow = asyncio::sleep(Duration::from_secs(3600));
///     assert!(asyncio::timeout(Duration::from_millis(1), slow).await.unwrap_err().is_timeout());
///     let quick = async { Ok::<_, asyncio::Error>(1) };
///     assert_eq!(asyncio::timeout(None, quick).await?, 1);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub fn timeout<A: IntoFuture<Output: TaskOutput>>(
    delay: impl Into<Option<Duration>>,
    awaitable: A,
) -> WithTimeout<A::IntoFuture> {
    Timeout::new(delay).run(awaitable)
}

/// As [`timeout`], with a deadline in the time of [`EventLoop::time`](crate::EventLoop::time). Python:
/// `asyncio.timeout_at()`.
///
/// A deadline in the past cancels at the first await that suspends.
pub fn timeout_at<A: IntoFuture<Output: TaskOutput>>(
    when: impl Into<Option<Duration>>,
    awaitable: A,
) -> WithTimeout<A::IntoFuture> {
    Timeout::at(when).run(awaitable)
}

/// A deadline that can be moved while what it guards runs. Python: `asyncio.Timeout`.
///
/// A clonable handle: one clone runs the body, another stands in it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let deadline = asyncio::Timeout::new(Duration::from_secs(3600));
///     let body = async {
///         deadline.reschedule(asyncio::get_running_loop()?.time())?;
///         asyncio::sleep(Duration::from_secs(60)).await;
///         Ok::<_, asyncio::Error>(())
///     };
///     assert!(deadline.clone().run(body).await.unwrap_err().is_timeout());
///     assert!(deadline.expired());
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Timeout {
    shared: Rc<Shared>,
}

struct Shared {
    state: Cell<State>,
    deadline: Cell<Deadline>,
    /// Set while it is active: where the timer is, and whom it wakes.
    armed: RefCell<Option<Armed>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Created,
    Active,
    Expiring,
    Expired,
    Finished,
}

#[derive(Clone, Copy, Debug)]
enum Deadline {
    Never,
    /// Passed before the beginning.
    Now,
    /// Counts from the beginning.
    After(Duration),
    At(Duration),
}

struct Armed {
    inner: Rc<Inner>,
    timer: Option<TimerKey>,
    /// Whom a deadline that is set later shall wake; kept here while there is no timer to keep it.
    waker: Option<LocalWaker>,
    /// How many requests there were at the beginning.
    requests: u32,
}

impl Timeout {
    /// A deadline `delay` after the beginning; `None` for none.
    pub fn new(delay: impl Into<Option<Duration>>) -> Self {
        Self::created(delay.into().map_or(Deadline::Never, Deadline::After))
    }

    /// A deadline in the time of [`EventLoop::time`](crate::EventLoop::time); `None` for none.
    pub fn at(when: impl Into<Option<Duration>>) -> Self {
        Self::created(when.into().map_or(Deadline::Never, Deadline::At))
    }

    /// A deadline that has passed: what is there already is taken, everything else is cancelled.
    pub(crate) fn passed() -> Self {
        Self::created(Deadline::Now)
    }

    fn created(deadline: Deadline) -> Self {
        let shared =
            Shared { state: Cell::new(State::Created), deadline: Cell::new(deadline), armed: RefCell::new(None) };
        Self { shared: Rc::new(shared) }
    }

    /// Awaits something under this deadline. One `Timeout` serves once.
    ///
    /// # Errors
    ///
    /// `TimeoutError` at the deadline; what the future failed with before. `RuntimeError` if it was used before, or
    /// outside of a task.
    pub fn run<A: IntoFuture<Output: TaskOutput>>(self, awaitable: A) -> WithTimeout<A::IntoFuture> {
        WithTimeout::new(self, awaitable.into_future())
    }

    /// The deadline in the loop's time, `None` for none or while it only counts from the beginning. Python:
    /// `Timeout.when()`.
    pub fn when(&self) -> Option<Duration> {
        match self.shared.deadline.get() {
            Deadline::At(when) => Some(when),
            Deadline::Never | Deadline::Now | Deadline::After(_) => None,
        }
    }

    /// Moves the deadline; `None` takes it away. Python: `Timeout.reschedule()`.
    ///
    /// A time that has passed is the next tick.
    ///
    /// # Errors
    ///
    /// `RuntimeError` before the beginning, once the deadline has passed, and after the end.
    pub fn reschedule(&self, when: impl Into<Option<Duration>>) -> Result<()> {
        let state = self.shared.state.get();
        let mut armed = self.shared.armed.borrow_mut();
        let Some(armed) = armed.as_mut().filter(|_| state == State::Active) else {
            return Err(Error::runtime_error(format!(
                "a timeout that is {state:?} cannot be rescheduled; only one that runs can"
            )));
        };
        self.shared.deadline.set(when.into().map_or(Deadline::Never, Deadline::At));
        // Who waits is kept with the old timer, or beside it. Where that has fired, the poll that is due sets it anew.
        let former = armed.timer.take().and_then(|key| armed.inner.timers().borrow_mut().remove(key));
        let waker = match former {
            Some(TimerAction::Wake(waker)) => Some(waker),
            _ => armed.waker.take(),
        };
        match (self.shared.deadline.get(), waker) {
            (Deadline::At(when), Some(waker)) => armed.timer = Some(armed.inner.wake_at(nanos(when), waker)?),
            (_, waker) => armed.waker = waker,
        }
        Ok(())
    }

    /// Whether the deadline has passed while it ran. Python: `Timeout.expired()`.
    pub fn expired(&self) -> bool {
        matches!(self.shared.state.get(), State::Expiring | State::Expired)
    }

    fn begin(&self) -> Result<()> {
        if self.shared.state.get() != State::Created {
            return Err(Error::runtime_error("this timeout was used already; make a new one for each use"));
        }
        let requests = current(|cell| cell.map(|cell| cell.met()))
            .ok_or_else(|| Error::runtime_error("a timeout cancels the task around it, and there is none here"))?;
        let inner = current_inner(|inner| inner.cloned())
            .ok_or_else(|| Error::runtime_error("a timeout needs a running event loop"))?;
        if let Deadline::After(delay) = self.shared.deadline.get() {
            self.shared.deadline.set(Deadline::At(inner.time().saturating_add(delay)));
        }
        self.shared.state.set(State::Active);
        *self.shared.armed.borrow_mut() = Some(Armed { inner, timer: None, waker: None, requests });
        if let Deadline::Now = self.shared.deadline.get() {
            self.request();
        }
        Ok(())
    }

    /// Makes the request if the deadline has passed; what waits then, as it was before it is told.
    fn expire(&self) -> Option<Trail> {
        if self.shared.state.get() != State::Active {
            return None;
        }
        let Deadline::At(when) = self.shared.deadline.get() else { return None };
        let mut armed = self.shared.armed.borrow_mut();
        let armed = armed.as_mut()?;
        let waits = armed.timer.is_some_and(|key| armed.inner.timers().borrow().contains(key));
        // While the timer waits the clock need not be read.
        if !waits && armed.timer.is_some() && armed.inner.time() >= when {
            armed.timer = None;
            self.request();
            return Some(current_trail());
        }
        None
    }

    fn request(&self) {
        self.shared.state.set(State::Expiring);
        current(|cell| {
            if let Some(cell) = cell {
                cell.request(None);
            }
        });
    }

    /// Sees to it that the task is woken at the deadline, or can be once there is one.
    fn arm(&self, cx: &mut Context<'_>) -> Result<()> {
        let mut armed = self.shared.armed.borrow_mut();
        let Some(armed) = armed.as_mut().filter(|_| self.shared.state.get() == State::Active) else { return Ok(()) };
        let Deadline::At(when) = self.shared.deadline.get() else {
            if !armed.waker.as_ref().is_some_and(|waker| waker.will_wake(cx)) {
                armed.waker = Some(LocalWaker::new(cx));
            }
            return Ok(());
        };
        let mut timers = armed.inner.timers().borrow_mut();
        match armed.timer.and_then(|key| timers.get_mut(key)) {
            Some(TimerAction::Wake(waker)) if waker.will_wake(cx) => {}
            Some(action) => {
                let former = std::mem::replace(action, TimerAction::Wake(LocalWaker::new(cx)));
                drop(timers);
                drop(former);
            }
            None => {
                drop(timers);
                armed.timer = Some(armed.inner.wake_at(nanos(when), LocalWaker::new(cx))?);
            }
        }
        Ok(())
    }

    /// The body has ended: takes the request back. True: the deadline is what ended it.
    fn end(&self, left: bool) -> bool {
        let armed = self.shared.armed.borrow_mut().take();
        let Some(armed) = armed else { return false };
        let action = armed.timer.and_then(|key| armed.inner.timers().borrow_mut().remove(key));
        drop(action);
        if self.shared.state.get() != State::Expiring {
            self.shared.state.set(State::Finished);
            return false;
        }
        self.shared.state.set(State::Expired);
        let requests = current(|cell| cell.map(|cell| cell.uncancel()));
        let ours_alone = requests.is_some_and(|requests| requests <= armed.requests);
        if ours_alone && !left {
            // The body has ended without leaving by it.
            drop(take_mark());
        }
        left && ours_alone
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("state", &self.shared.state.get()).field("when", &self.when()).finish()
    }
}
