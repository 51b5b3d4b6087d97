//! `call_soon`, `call_later`, `call_at`, `time`.

use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::tick::nanos;
use super::{EventLoop, Inner, Ready};
use crate::context::{self, Context};
use crate::exceptions::{Error, Result};
use crate::handle::{Call, CallCell, Handle, LocalWaker, TimerAction, TimerHandle};
use crate::timers::TimerKey;

impl EventLoop {
    /// Runs `callback` in the next batch, after all that was scheduled before. Python: `loop.call_soon()`.
    ///
    /// It runs once, in a copy of the current context. A panic in it goes to the exception handler.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// let event_loop = asyncio::EventLoop::new()?;
    /// let stopper = event_loop.clone();
    /// event_loop.call_soon(|| println!("first"))?;
    /// event_loop.call_soon(move || stopper.stop())?;
    /// event_loop.run_forever()?;
    /// event_loop.close()
    /// # }
    /// ```
    #[track_caller]
    pub fn call_soon(&self, callback: impl FnOnce() + 'static) -> Result<Handle> {
        self.inner().call_soon(callback, context::snapshot(), Location::caller())
    }

    /// As [`call_soon`](Self::call_soon), in this very context. Python: `loop.call_soon(…, context=…)`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    #[track_caller]
    pub fn call_soon_with_context(&self, context: Context, callback: impl FnOnce() + 'static) -> Result<Handle> {
        self.inner().call_soon(callback, Some(context), Location::caller())
    }

    /// Runs `callback` once, after `delay`. Python: `loop.call_later()`.
    ///
    /// Callbacks of one deadline run in the order in which they were scheduled.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    #[track_caller]
    pub fn call_later(&self, delay: Duration, callback: impl FnOnce() + 'static) -> Result<TimerHandle> {
        let when = self.time().saturating_add(delay);
        self.inner().call_at(when, callback, context::snapshot(), Location::caller())
    }

    /// As [`call_later`](Self::call_later), in this very context.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    #[track_caller]
    pub fn call_later_with_context(
        &self,
        context: Context,
        delay: Duration,
        callback: impl FnOnce() + 'static,
    ) -> Result<TimerHandle> {
        let when = self.time().saturating_add(delay);
        self.inner().call_at(when, callback, Some(context), Location::caller())
    }

    /// Runs `callback` once, at `when` in the time of [`time`](Self::time). Python: `loop.call_at()`.
    ///
    /// A time that has passed means the next tick; overdue callbacks run in the order of their deadlines.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    #[track_caller]
    pub fn call_at(&self, when: Duration, callback: impl FnOnce() + 'static) -> Result<TimerHandle> {
        self.inner().call_at(when, callback, context::snapshot(), Location::caller())
    }

    /// As [`call_at`](Self::call_at), in this very context.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    #[track_caller]
    pub fn call_at_with_context(
        &self,
        context: Context,
        when: Duration,
        callback: impl FnOnce() + 'static,
    ) -> Result<TimerHandle> {
        self.inner().call_at(when, callback, Some(context), Location::caller())
    }

    /// The time of the loop's clock, since an origin that means nothing. Python: `loop.time()`.
    pub fn time(&self) -> Duration {
        self.inner().time()
    }
}

impl Inner {
    #[inline]
    pub(crate) fn call_soon(
        &self,
        callback: impl FnOnce() + 'static,
        context: Option<Context>,
        location: &'static Location<'static>,
    ) -> Result<Handle> {
        self.schedule(Rc::new(CallCell::new(callback, context, location)))
    }

    /// For rooms above: as `call_soon`, with the name of the program's function `N`, which `callback` wraps.
    pub(crate) fn call_soon_named<N: 'static>(
        &self,
        callback: impl FnOnce() + 'static,
        context: Option<Context>,
        location: &'static Location<'static>,
    ) -> Result<Handle> {
        self.schedule(Rc::new(CallCell::<_, N>::named(callback, context, location)))
    }

    #[inline]
    fn schedule(&self, call: Rc<dyn Call>) -> Result<Handle> {
        self.check_usable()?;
        // What another thread has called before this comes before it.
        self.take_inbox();
        self.ready.push(Ready::Call(call.clone()));
        Ok(Handle::of(call))
    }

    fn call_at(
        &self,
        when: Duration,
        callback: impl FnOnce() + 'static,
        context: Option<Context>,
        location: &'static Location<'static>,
    ) -> Result<TimerHandle> {
        self.check_usable()?;
        let call: Rc<dyn Call> = Rc::new(CallCell::new(callback, context, location));
        let key = self.insert_timer(nanos(when), TimerAction::Call(call.clone()))?;
        Ok(TimerHandle::queued(Handle::of(call), when, key, &self.timers))
    }

    /// For rooms above: schedules for the next batch; on a closed loop the callback is dropped.
    #[track_caller]
    pub(crate) fn call_soon_internal(&self, callback: impl FnOnce() + 'static) {
        self.push(Ready::Call(Rc::new(CallCell::new(callback, context::snapshot(), Location::caller()))));
    }

    /// For rooms above: schedules after a delay.
    #[track_caller]
    pub(crate) fn call_later_internal(
        &self,
        delay: Duration,
        callback: impl FnOnce() + 'static,
    ) -> Result<TimerHandle> {
        let when = self.time().saturating_add(delay);
        self.call_at(when, callback, context::snapshot(), Location::caller())
    }

    /// Wakes a waiting task at `when`, in nanoseconds.
    pub(crate) fn wake_at(&self, when: u64, waker: LocalWaker) -> Result<TimerKey> {
        self.insert_timer(when, TimerAction::Wake(waker))
    }

    fn insert_timer(&self, when: u64, action: TimerAction) -> Result<TimerKey> {
        if when <= self.pace.last_look() {
            self.pace.look_at_once();
        }
        let key = self.timers.borrow_mut().insert(when, action);
        key.ok_or_else(|| {
            Error::runtime_error("the loop has sixteen million timers; is something scheduled in a loop?")
        })
    }

    pub(crate) fn time(&self) -> Duration {
        self.clock.now()
    }
}
