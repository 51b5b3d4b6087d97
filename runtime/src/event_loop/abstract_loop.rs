//! `AbstractEventLoop`: what a loop of somebody else's must offer.

use std::time::Duration;

use super::{EventLoop, ExceptionContext};
use crate::exceptions::{Error, Result};
use crate::handle::{Handle, TimerHandle};

/// The core of an event loop, as a trait for loops of third parties. Python: `asyncio.AbstractEventLoop`.
///
/// Every method that is not implemented returns `NotImplementedError`, as in Python. [`Handle::new`] and
/// [`TimerHandle::new`] make what is scheduled, [`Handle::run`] runs it.
pub trait AbstractEventLoop {
    /// Runs until it is stopped.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it cannot be run now.
    fn run_forever(&self) -> Result<()> {
        Err(missing("run_forever"))
    }

    /// Stops after the running batch.
    ///
    /// # Errors
    ///
    /// `NotImplementedError` where it is not offered.
    fn stop(&self) -> Result<()> {
        Err(missing("stop"))
    }

    /// Closes for good.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it is running.
    fn close(&self) -> Result<()> {
        Err(missing("close"))
    }

    /// Whether it runs.
    fn is_running(&self) -> bool;

    /// Whether it was closed.
    fn is_closed(&self) -> bool;

    /// The time of its clock.
    fn time(&self) -> Duration;

    /// Schedules a callback for the next batch.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it is closed.
    fn call_soon(&self, callback: Box<dyn FnOnce()>) -> Result<Handle> {
        drop(callback);
        Err(missing("call_soon"))
    }

    /// Schedules a callback for a time.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it is closed.
    fn call_at(&self, when: Duration, callback: Box<dyn FnOnce()>) -> Result<TimerHandle> {
        drop((when, callback));
        Err(missing("call_at"))
    }

    /// Schedules a callback after a delay.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it is closed.
    fn call_later(&self, delay: Duration, callback: Box<dyn FnOnce()>) -> Result<TimerHandle> {
        self.call_at(self.time().saturating_add(delay), callback)
    }

    /// Reports a failure.
    fn call_exception_handler(&self, context: ExceptionContext);

    /// Whether debug mode is on.
    fn get_debug(&self) -> bool;

    /// Switches debug mode.
    fn set_debug(&self, enabled: bool);
}

fn missing(method: &str) -> Error {
    Error::not_implemented(format!("this event loop has no {method}(); it must be implemented by its author"))
}

impl AbstractEventLoop for EventLoop {
    fn run_forever(&self) -> Result<()> {
        Self::run_forever(self)
    }

    fn stop(&self) -> Result<()> {
        Self::stop(self);
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Self::close(self)
    }

    fn is_running(&self) -> bool {
        Self::is_running(self)
    }

    fn is_closed(&self) -> bool {
        Self::is_closed(self)
    }

    fn time(&self) -> Duration {
        Self::time(self)
    }

    fn call_soon(&self, callback: Box<dyn FnOnce()>) -> Result<Handle> {
        Self::call_soon(self, callback)
    }

    fn call_at(&self, when: Duration, callback: Box<dyn FnOnce()>) -> Result<TimerHandle> {
        Self::call_at(self, when, callback)
    }

    fn call_exception_handler(&self, context: ExceptionContext) {
        Self::call_exception_handler(self, context);
    }

    fn get_debug(&self) -> bool {
        Self::get_debug(self)
    }

    fn set_debug(&self, enabled: bool) {
        Self::set_debug(self, enabled);
    }
}
