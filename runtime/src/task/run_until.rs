//! `run_until_complete`.

use std::future::IntoFuture;
use std::panic::Location;

use super::create::{TaskOptions, spawn_on};
use super::output::TaskOutput;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};

impl EventLoop {
    /// Runs until what is passed is done, and returns its result. Python: `loop.run_until_complete()`.
    ///
    /// The batch in which it ends is finished.
    ///
    /// # Errors
    ///
    /// What it failed with; `CancelledError` if it was cancelled. `RuntimeError` if the loop was stopped before: the
    /// task stays pending and goes on with the next run. `RuntimeError` if this or another loop runs on this thread,
    /// or the loop is closed.
    ///
    /// # Panics
    ///
    /// Never for a panic in the task, which is an error here; see [`Panic::resume`](crate::Panic::resume).
    #[track_caller]
    pub fn run_until_complete<A>(&self, awaitable: A) -> Result<<A::Output as TaskOutput>::Value>
    where
        A: IntoFuture<Output: TaskOutput<Value: 'static>, IntoFuture: 'static>,
    {
        let inner = self.inner();
        let location = Location::caller();
        inner.check_usable()?;
        if inner.is_running() || crate::event_loop::current_inner(|running| running.is_some()) {
            return Err(Error::runtime_error("an event loop is running on this thread; await instead of running"));
        }
        let task = spawn_on(inner, awaitable.into_future(), TaskOptions::default(), location)?;
        task.silence();
        let stopper = inner.clone();
        let callback = task.add_done_callback(move |_| stopper.stop());
        let outcome = self.run_forever();
        task.remove_done_callback(callback);
        outcome?;
        if !task.done() {
            return Err(Error::runtime_error("the event loop was stopped before the future completed"));
        }
        task.into_result()
    }
}
