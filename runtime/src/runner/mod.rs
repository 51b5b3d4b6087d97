//! `run` and `Runner`: a loop from its beginning to its orderly end.
//!
//! The end is the same whatever came before: the remaining tasks are cancelled and awaited, their failures reported,
//! async clean-ups run, the default executor's threads waited for, the loop closed. Ctrl-C cancels the main task once; the system's default action is back by then, so a second one
//! ends the process.

mod builder;

pub use builder::RunnerBuilder;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::IntoFuture;
use std::rc::Rc;

use crate::constants::THREAD_JOIN_TIMEOUT;
use crate::context::Context;
use crate::coroutine::on_purpose;
use crate::event_loop::{EventLoop, ExceptionContext, current_inner, new_event_loop, set_event_loop};
use crate::exceptions::{Error, Result};
use crate::future::Future;
use crate::inspect::{DeadlockWatch, Watchdog, print_tasks};
use crate::sys::interrupt::Listener;
use crate::task::{AnyTask, Task, TaskOutput};

/// Runs a coroutine on a new loop, and shuts the loop down in order. Python: `asyncio.run()`.
///
/// For debug mode or a loop of one's own see [`Runner::builder`].
///
/// # Errors
///
/// What the coroutine failed with; `KeyboardInterrupt` if Ctrl-C ended it; `RuntimeError` if a loop runs on this
/// thread already.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// let answer = asyncio::run(async { Ok::<_, asyncio::Error>(42) })?;
/// assert_eq!(answer, 42);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn run<A>(main: A) -> Result<<A::Output as TaskOutput>::Value>
where
    A: IntoFuture<Output: TaskOutput<Value: 'static>, IntoFuture: 'static>,
{
    let mut runner = Runner::new();
    let outcome = runner.run(main);
    let closed = runner.close();
    let value = outcome?;
    closed.map(|()| value)
}

/// A loop and what is to be done around it; several runs may share one. Python: `asyncio.Runner`.
///
/// The loop is made at the first use. Dropping the runner closes it.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// let mut runner = asyncio::Runner::new();
/// let one = runner.run(async { Ok::<_, asyncio::Error>(1) })?;
/// let two = runner.run(async move { Ok::<_, asyncio::Error>(one + 1) })?;
/// assert_eq!(two, 2);
/// runner.close()
/// # }
/// ```
pub struct Runner {
    options: RunnerBuilder,
    stage: Stage,
    watchdog: Option<Watchdog>,
    /// What the runs have set so far; none while they have set nothing, so that nobody pays for it.
    context: Option<Context>,
}

enum Stage {
    New,
    Open { event_loop: EventLoop, set_current: bool },
    Closed,
}

impl Runner {
    /// A runner without options.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A runner with options.
    pub fn builder() -> RunnerBuilder {
        RunnerBuilder::default()
    }

    /// Runs a coroutine until it is done. Python: `Runner.run()`.
    ///
    /// All runs share one context: what one sets, the next one sees.
    ///
    /// # Errors
    ///
    /// What the coroutine failed with; `CancelledError` if it was cancelled; `KeyboardInterrupt` if Ctrl-C was the
    /// reason for that. `RuntimeError` if a loop runs on this thread, or the runner is closed.
    #[track_caller]
    pub fn run<A>(&mut self, main: A) -> Result<<A::Output as TaskOutput>::Value>
    where
        A: IntoFuture<Output: TaskOutput<Value: 'static>, IntoFuture: 'static>,
    {
        let mut context = self.context.take();
        let outcome = self.run_in(&mut context, main);
        self.context = context;
        outcome
    }

    /// As [`run`](Self::run), in this very context instead of the one that the runs share. Python:
    /// `Runner.run(context=…)`.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    #[track_caller]
    pub fn run_with_context<A>(&mut self, context: Context, main: A) -> Result<<A::Output as TaskOutput>::Value>
    where
        A: IntoFuture<Output: TaskOutput<Value: 'static>, IntoFuture: 'static>,
    {
        self.run_in(&mut Some(context), main)
    }

    #[track_caller]
    fn run_in<A>(&mut self, context: &mut Option<Context>, main: A) -> Result<<A::Output as TaskOutput>::Value>
    where
        A: IntoFuture<Output: TaskOutput<Value: 'static>, IntoFuture: 'static>,
    {
        if current_inner(|inner| inner.is_some()) {
            on_purpose(|| drop(main));
            return Err(Error::runtime_error(
                "an event loop is running on this thread already; await instead of running",
            ));
        }
        let event_loop = self.get_loop()?;
        let builder = Task::builder().event_loop(&event_loop);
        let builder = match &*context {
            Some(context) => builder.context(context.clone()),
            None => builder,
        };
        let task = builder.create_task(main.into_future())?;
        let interrupted = Interruption::listen(&event_loop, &task);
        let deadlocks = DeadlockWatch::begin(&event_loop, self.options.on_deadlock.clone());
        let ran = run_until_done(&event_loop, &task);
        let deadlock = deadlocks.end();
        let interrupted = interrupted.stop();
        *context = task.entered_context().or(context.take());
        if let Some(error) = deadlock {
            return Err(error);
        }
        ran?;
        if interrupted && task.cancelled() && task.uncancel() == 0 {
            return Err(Error::KeyboardInterrupt);
        }
        task.into_result()
    }

    /// The loop, made now if need be. Python: `Runner.get_loop()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the runner is closed; what the loop factory failed with.
    pub fn get_loop(&mut self) -> Result<EventLoop> {
        match &self.stage {
            Stage::Open { event_loop, .. } => return Ok(event_loop.clone()),
            Stage::Closed => return Err(Error::runtime_error("the runner is closed; make a new one")),
            Stage::New => {}
        }
        let (event_loop, set_current) = match self.options.loop_factory.take() {
            Some(factory) => (factory()?, false),
            None => (new_event_loop()?, true),
        };
        if let Some(debug) = self.options.debug {
            event_loop.set_debug(debug);
        }
        if let Some(signal) = self.options.dump_on {
            if let Err(error) = event_loop.add_idle_signal_handler(signal, print_tasks) {
                event_loop.close()?;
                return Err(error);
            }
        }
        if self.options.metrics_histogram {
            event_loop.inner().count_durations();
        }
        if set_current {
            set_event_loop(Some(event_loop.clone()));
        }
        self.watchdog = self.options.watchdog.map(|limit| Watchdog::start(event_loop.inner(), limit));
        self.stage = Stage::Open { event_loop: event_loop.clone(), set_current };
        Ok(event_loop)
    }

    /// Shuts down in order, and closes the loop. Python: `Runner.close()`.
    ///
    /// The tasks that are left are cancelled and awaited, and their failures reported; then
    /// [`shutdown_asyncgens`](EventLoop::shutdown_asyncgens) runs, then
    /// [`shutdown_default_executor`](EventLoop::shutdown_default_executor) with a timeout of
    /// [`THREAD_JOIN_TIMEOUT`]. Closing twice is harmless.
    ///
    /// # Errors
    ///
    /// `OsError` if the system's poller fails; the loop is closed all the same.
    pub fn close(&mut self) -> Result<()> {
        let Stage::Open { event_loop, set_current } = std::mem::replace(&mut self.stage, Stage::Closed) else {
            return Ok(());
        };
        let shut_down = shut_down(&event_loop);
        if set_current {
            set_event_loop(None);
        }
        drop(self.watchdog.take());
        event_loop.close()?;
        shut_down
    }
}

/// Runs the loop until a task is done.
fn run_until_done(event_loop: &EventLoop, task: &AnyTask) -> Result<()> {
    let stopper = event_loop.clone();
    let callback = task.add_done_callback(move |_| stopper.stop());
    let outcome = event_loop.run_forever();
    task.remove_done_callback(callback);
    outcome?;
    if !task.done() {
        return Err(Error::runtime_error("the event loop was stopped before the future completed"));
    }
    Ok(())
}

/// All that has to be done before the loop is closed. A step that fails keeps none of the others from being tried.
fn shut_down(event_loop: &EventLoop) -> Result<()> {
    let cancelled = cancel_all_tasks(event_loop);
    if !event_loop.has_asyncgens() && !event_loop.has_default_executor() {
        return cancelled;
    }
    let closing = event_loop.clone();
    let closed = event_loop.run_until_complete(async move {
        let cleaned = closing.shutdown_asyncgens().await;
        let joined = closing.shutdown_default_executor(THREAD_JOIN_TIMEOUT).await;
        cleaned.and(joined)
    });
    cancelled.and(closed)
}

/// Cancels every task that is left, and runs the loop until they have ended. Clean-ups that run are none of them.
fn cancel_all_tasks(event_loop: &EventLoop) -> Result<()> {
    let mut tasks = event_loop.all_tasks();
    // Children of a scope are cancelled by their parents. One whose scope was leaked cannot end at all.
    tasks.retain(|task| !task.is_lent());
    tasks.retain(|task| !event_loop.is_async_cleanup(task));
    if tasks.is_empty() {
        return Ok(());
    }
    let left = Rc::new(Cell::new(tasks.len()));
    let done: Future<()> = event_loop.create_future();
    for task in &tasks {
        let (left, done) = (left.clone(), done.clone());
        task.add_done_callback(move |_| {
            left.set(left.get() - 1);
            if left.get() == 0 {
                // Set here only.
                let _ = done.set_result(());
            }
        });
        task.cancel();
    }
    event_loop.run_until_complete(done)?;
    for task in tasks {
        if let Ok(Some(error)) = task.exception() {
            let message = "unhandled exception during asyncio.run() shutdown";
            let report = ExceptionContext::new(message).exception(error).source(task.location());
            let report = report.run_in(task.entered_context());
            event_loop.call_exception_handler(report.with("task", task).code("ASY0014"));
        }
    }
    Ok(())
}

/// Ctrl-C cancels the main task, while this stands.
struct Interruption {
    event_loop: EventLoop,
    seen: Rc<Cell<bool>>,
}

impl Interruption {
    fn listen(event_loop: &EventLoop, main: &AnyTask) -> Self {
        let seen = Rc::new(Cell::new(false));
        let inner = event_loop.inner();
        // Only where Ctrl-C would end the process: a handler of the user's own stays.
        if let Some(listener) = Listener::start(inner.shared().unparker()) {
            let (seen, main) = (seen.clone(), RefCell::new(Some(main.clone())));
            inner.set_interrupt_hook(Some(Rc::new(move || {
                if listener.take() {
                    seen.set(true);
                    if let Some(main) = main.borrow_mut().take() {
                        main.cancel();
                    }
                }
            })));
        }
        Self { event_loop: event_loop.clone(), seen }
    }

    fn stop(self) -> bool {
        self.event_loop.inner().set_interrupt_hook(None);
        self.seen.get()
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            crate::log::failure(&format_args!("ASY0026: a runner could not shut its event loop down: {error}"));
        }
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::New => "new",
            Stage::Open { .. } => "open",
            Stage::Closed => "closed",
        };
        f.debug_struct("Runner").field("stage", &stage).finish_non_exhaustive()
    }
}
