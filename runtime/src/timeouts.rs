//! `timeout`, `timeout_at` and the `Timeout` handle behind them.
//!
//! ```text
//!   created ──run──▶ active ──deadline──▶ expiring ──▶ expired
//!                      └──────── the body ends ──────▶ finished
//! ```
//!
//! The deadline is a counted cancel request, as in Python: the body leaves by it, and at its end the request is taken
//! back. It becomes `TimeoutError` only if no other request has come since the beginning; else the leaving goes on.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::cancellation::{current, leave, take_mark};
use crate::event_loop::{Inner, current_inner};
use crate::exceptions::{Error, Result, TimeoutError};
use crate::handle::{LocalWaker, TimerAction};
use crate::task::TaskOutput;
use crate::timers::TimerKey;

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
        WithTimeout {
            body: Some(awaitable.into_future()),
            timeout: Guard { timeout: self, entered: false, left: false },
        }
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

    /// Makes the request if the deadline has passed.
    fn expire(&self) {
        if self.shared.state.get() != State::Active {
            return;
        }
        let Deadline::At(when) = self.shared.deadline.get() else { return };
        let mut armed = self.shared.armed.borrow_mut();
        let Some(armed) = armed.as_mut() else { return };
        let waits = armed.timer.is_some_and(|key| armed.inner.timers().borrow().contains(key));
        // While the timer waits the clock need not be read.
        if !waits && armed.timer.is_some() && armed.inner.time() >= when {
            armed.timer = None;
            self.request();
        }
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

    fn error(&self, cause: crate::exceptions::CancelledError) -> Error {
        TimeoutError::expired(None, cause).into()
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pin_project! {
    /// What [`timeout`], [`timeout_at`] and [`Timeout::run`] return.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct WithTimeout<F> {
        #[pin]
        body: Option<F>,
        timeout: Guard,
    }
}

/// Ends the timeout if its future is dropped.
struct Guard {
    timeout: Timeout,
    entered: bool,
    /// It left because somebody else wanted that.
    left: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.entered {
            self.timeout.end(false);
        }
    }
}

impl<F: Future<Output: TaskOutput>> Future for WithTimeout<F> {
    type Output = Result<<F::Output as TaskOutput>::Value>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let guard = this.timeout;
        if !guard.entered {
            guard.timeout.begin()?;
            guard.entered = true;
        }
        guard.timeout.expire();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            assert!(guard.left, "a future is not polled after it has ended");
            // A branch that was kept: whoever polls it again is about to leave as well.
            return Poll::Pending;
        };
        if let Poll::Ready(output) = body.poll(cx) {
            this.body.set(None);
            guard.timeout.end(false);
            return Poll::Ready(output.into_result());
        }
        match take_mark() {
            None => {
                guard.timeout.arm(cx)?;
                Poll::Pending
            }
            Some(error) => {
                this.body.set(None);
                if guard.timeout.end(true) {
                    return Poll::Ready(Err(guard.timeout.error(error)));
                }
                // Somebody else wants us to leave.
                guard.left = true;
                leave(error);
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("state", &self.shared.state.get()).field("when", &self.when()).finish()
    }
}

impl<F> fmt::Debug for WithTimeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timeout.timeout.fmt(f)
    }
}
