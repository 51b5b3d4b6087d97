//! Running, stopping and closing a loop.

use std::rc::Rc;

use super::running::Running;
use super::{EventLoop, ExceptionContext, Inner, State};
use crate::exceptions::{Error, Result, catch};

impl EventLoop {
    /// Runs until [`stop`](Self::stop) is called. Python: `loop.run_forever()`.
    ///
    /// If `stop` was called before, exactly one tick runs.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if this loop runs already, is closed, or another loop runs on this thread; nothing is changed
    /// then. `OsError` if the system's poller fails.
    pub fn run_forever(&self) -> Result<()> {
        let inner = self.inner();
        inner.check_usable()?;
        if inner.is_running() {
            return Err(Error::runtime_error("this event loop is already running; await instead of running it again"));
        }
        let _running = Running::enter(inner)?;
        let _state = RunningState::enter(inner);
        loop {
            inner.run_once()?;
            if inner.stopping.get() {
                return Ok(());
            }
        }
    }

    /// Makes the loop return after the batch that is running. Python: `loop.stop()`.
    ///
    /// What the batch scheduled stays queued for the next run. Calling it twice is harmless.
    pub fn stop(&self) {
        self.inner().stop();
    }

    /// Whether the loop runs now. Python: `loop.is_running()`.
    pub fn is_running(&self) -> bool {
        self.inner().is_running()
    }

    /// Whether the loop was closed. Python: `loop.is_closed()`.
    pub fn is_closed(&self) -> bool {
        self.inner().is_closed()
    }

    /// Closes the loop for good. Python: `loop.close()`.
    ///
    /// Queued callbacks and timers are dropped without running, and so are tasks that are not done: use
    /// [`Runner`](crate::Runner) or [`run`](crate::run), which let them clean up first. Closing twice is harmless.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is running.
    pub fn close(&self) -> Result<()> {
        if self.is_running() {
            return Err(Error::runtime_error("a running event loop cannot be closed; call stop() and close it after"));
        }
        if !self.is_closed() {
            self.inner().shut();
        }
        Ok(())
    }
}

impl Inner {
    pub(crate) fn stop(&self) {
        self.stopping.set(true);
    }

    /// The end of a loop: first what may hold anything is told, then the queues are emptied.
    ///
    /// Destructors of the user's run all along, so nothing is borrowed meanwhile and each is kept from the others.
    pub(super) fn shut(&self) {
        self.state.set(State::Closed);
        let posted = self.shared.inbox.close();
        let ends = self.ends.take();
        ends.into_iter().for_each(|source| self.let_go(source));
        self.close_slots();
        while let Some(ready) = self.ready.pop() {
            self.let_go(ready);
        }
        self.ready.release();
        let timers = self.timers.borrow_mut().take_all();
        timers.into_iter().for_each(|timer| self.let_go(timer));
        posted.for_each(|posted| self.let_go(posted));
        self.drop_watches();
        self.drop_sources();
        self.set_stall_hook(None);
        let handler = self.exception_handler.take();
        self.let_go(handler);
        self.driver.close();
        if self.get_debug() {
            crate::log::record!(debug, "the event loop was closed");
        }
    }

    /// Drops what belonged to a loop that is being closed. A panic in its destructor is reported.
    pub(crate) fn let_go<T>(&self, thing: T) {
        if let Err(panic) = catch(|| drop(thing)) {
            let message = "a destructor panicked while the event loop was closed";
            self.call_exception_handler(ExceptionContext::new(message).exception(panic).code("ASY0003"));
        }
    }

    /// Called after each look at the kernel, while it is set.
    pub(crate) fn set_interrupt_hook(&self, hook: Option<Rc<dyn Fn()>>) {
        *self.interrupt.borrow_mut() = hook;
    }
}

/// The loop is marked as running until this is dropped, also when something unwinds.
struct RunningState<'a>(&'a Inner);

impl<'a> RunningState<'a> {
    fn enter(inner: &'a Inner) -> Self {
        inner.state.set(State::Running);
        inner.pace.look_at_once();
        // Nobody knows how long it did not run.
        inner.stall.slept.set(true);
        Self(inner)
    }
}

impl Drop for RunningState<'_> {
    fn drop(&mut self) {
        self.0.stopping.set(false);
        self.0.running.set(None);
        self.0.state.set(State::Idle);
    }
}
