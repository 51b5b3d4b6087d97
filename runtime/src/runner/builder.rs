//! The options of a runner.

use std::fmt;
use std::time::Duration;

use super::{Runner, Stage};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::inspect::OnDeadlock;
use crate::signals::Signal;

/// Options of a [`Runner`]; made by [`Runner::builder`].
#[derive(Default)]
pub struct RunnerBuilder {
    pub(super) debug: Option<bool>,
    pub(super) loop_factory: Option<Box<dyn FnOnce() -> Result<EventLoop>>>,
    pub(super) on_deadlock: OnDeadlock,
    pub(super) watchdog: Option<Duration>,
    pub(super) dump_on: Option<Signal>,
    pub(super) metrics_histogram: bool,
}

impl RunnerBuilder {
    /// Switches debug mode; without this the environment decides.
    pub fn debug(mut self, enabled: bool) -> Self {
        self.debug = Some(enabled);
        self
    }

    /// Makes the loop in another way. It does not become the thread's current one then.
    pub fn loop_factory(mut self, factory: impl FnOnce() -> Result<EventLoop> + 'static) -> Self {
        self.loop_factory = Some(Box::new(factory));
        self
    }

    /// Ends a run with this error when all its tasks are asleep and nothing is left that could wake one.
    ///
    /// A second after the last thing has happened the loop reports that through the exception handler; without this it
    /// keeps waiting then. It is one if there is no timer, no watched descriptor, no handler of a signal, no
    /// [`LoopHandle`](crate::LoopHandle) anywhere, no job in a thread and no waker of a task outside of the loop, and
    /// some task waits. A single task that waits for an event, a future or something that is not asyncio's is none: that
    /// is how programs run until Ctrl-C.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// let mut runner = asyncio::Runner::builder().on_deadlock(asyncio::Error::runtime_error("stuck")).build();
    /// let error = runner.run(async {
    ///     let lock = asyncio::Lock::new();
    ///     let _guard = lock.hold().await?;
    ///     lock.acquire().await
    /// });
    /// assert_eq!(error.unwrap_err().to_string(), "RuntimeError: stuck");
    /// runner.close()
    /// # }
    /// ```
    pub fn on_deadlock(mut self, error: Error) -> Self {
        self.on_deadlock = OnDeadlock::End(error);
        self
    }

    /// Ends a run with the report itself.
    pub(crate) fn deadlocks_end_it(mut self) -> Self {
        self.on_deadlock = OnDeadlock::EndWithReport;
        self
    }

    /// Lets other processes of the same user look into this one, as `asyncio ps` does, where the system restricts that to
    /// ancestors (Yama's `ptrace_scope` 1). Any such process can then read all of its memory.
    pub fn inspectable(self) -> Self {
        crate::sys::allow_reading();
        self
    }

    /// Reports when the loop has not finished a callback for so long: something blocks it.
    ///
    /// A thread looks, and writes to the log (target "asyncio", level warn): which task runs, where it waited last, and, on
    /// Linux, in which system call the loop's thread is. Once a stall. With the feature `backtrace` the functions follow that the
    /// thread is in; the guide's chapter on [errors](crate::guide::errors#asy0009-the-event-loop-has-not-finished-a-callback)
    /// says how the thread is asked for them, by a signal.
    ///
    /// Without this the variable `ASYNCIO_WATCHDOG` of the environment decides, a number of seconds. Costs a few nanoseconds a
    /// callback.
    pub fn watchdog(mut self, limit: Duration) -> Self {
        self.watchdog = Some(limit);
        self
    }

    /// Counts how long callbacks and steps take, for [`Metrics::durations`](crate::Metrics::durations); see
    /// [`EventLoopBuilder::metrics_histogram`](crate::EventLoopBuilder::metrics_histogram) for what it costs.
    pub fn metrics_histogram(mut self, enabled: bool) -> Self {
        self.metrics_histogram = enabled;
        self
    }

    /// Prints the tree of all tasks to standard error when this signal comes.
    ///
    /// It is a handler as any other: the main thread's loop has it, and the loop must run to call it. For a loop that is
    /// stuck there are the watchdog, and `asyncio ps`. Deadlocks are found all the same, for no task waits for it.
    pub fn dump_tasks_on(mut self, signal: Signal) -> Self {
        self.dump_on = Some(signal);
        self
    }

    /// The runner; it makes its loop at the first use.
    pub fn build(mut self) -> Runner {
        self.watchdog = self.watchdog.or_else(watchdog_of_environment);
        Runner { options: self, stage: Stage::New, watchdog: None, context: None }
    }
}

/// How long the environment lets a callback take.
fn watchdog_of_environment() -> Option<Duration> {
    let seconds = std::env::var("ASYNCIO_WATCHDOG").ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero())
}

impl fmt::Debug for RunnerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerBuilder").field("debug", &self.debug).finish_non_exhaustive()
    }
}
