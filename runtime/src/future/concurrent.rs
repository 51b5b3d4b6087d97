//! `ConcurrentFuture`: a future that another thread sets, and that threads may block on.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event_loop::LoopHandle;
use crate::exceptions::{CancelledError, Error, Result, TimeoutError, catch};

/// A result that another thread will set. Python: `concurrent.futures.Future`.
///
/// Any thread may set it, cancel it, or block until it is there; a task awaits it through
/// [`wrap_future`](crate::wrap_future). What an executor's [`submit`](crate::Executor::submit) and
/// [`run_coroutine_threadsafe`](crate::run_coroutine_threadsafe) return is one.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let outcome = asyncio::ConcurrentFuture::new();
///     let setter = outcome.clone();
///     std::thread::spawn(move || setter.set_result("from a thread"));
///     assert_eq!(asyncio::wrap_future(outcome)?.await?, "from a thread");
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct ConcurrentFuture<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// The loop that will set it: its thread cannot wait for itself.
    setter: Option<LoopHandle>,
}

struct State<T> {
    stage: Stage<T>,
    /// Called once, with the lock released.
    callbacks: Vec<Callback<T>>,
}

/// ```text
///   Pending ──▶ Running ──▶ Done ──▶ Taken
///      ├── set, or cancelled ──▲
///      └─▶ Elsewhere ──────────┘ set, or cancelled
/// ```
enum Stage<T> {
    /// It can be cancelled.
    Pending,
    /// An executor's thread works on it: it cannot be cancelled any more.
    Running,
    /// Another process works on it, which a cancel ends.
    #[cfg(feature = "process-pool")]
    Elsewhere,
    Done(Result<T>),
    /// Its one owner has the outcome. No other handle can ask, so nobody sees this.
    Taken,
}

type Callback<T> = Box<dyn FnOnce(&ConcurrentFuture<T>) + Send>;

impl<T: Send + 'static> ConcurrentFuture<T> {
    /// A pending one.
    pub fn new() -> Self {
        Self::set_by(None)
    }

    /// One that this loop sets.
    pub(crate) fn set_on(event_loop: LoopHandle) -> Self {
        Self::set_by(Some(event_loop))
    }

    fn set_by(setter: Option<LoopHandle>) -> Self {
        let state = Mutex::new(State { stage: Stage::Pending, callbacks: Vec::new() });
        Self { shared: Arc::new(Shared { state, changed: Condvar::new(), setter }) }
    }

    /// Sets the result.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` if it is done already, which may mean that it was cancelled.
    pub fn set_result(&self, result: T) -> Result<()> {
        self.set(Ok(result))
    }

    /// Sets the error.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` if it is done already, which may mean that it was cancelled.
    pub fn set_exception(&self, exception: impl Into<Error>) -> Result<()> {
        self.set(Err(exception.into()))
    }

    /// For executors of one's own: true, and it cannot be cancelled any more; false if it was cancelled, and there is
    /// nothing to be done. Python: `Future.set_running_or_notify_cancel()`.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` if it is running already, or done otherwise.
    pub fn set_running_or_notify_cancel(&self) -> Result<bool> {
        let mut state = self.lock();
        match &state.stage {
            Stage::Pending => state.stage = Stage::Running,
            Stage::Done(Err(error)) if error.is_cancelled() => return Ok(false),
            _ => return Err(Error::invalid_state("the concurrent future runs or is done; one job sets one future")),
        }
        Ok(true)
    }

    /// Cancels it, and says whether it is cancelled: false if it is running or done otherwise.
    ///
    /// A call that runs in another process can be cancelled all the same: a `ProcessPoolExecutor` kills its worker.
    pub fn cancel(&self) -> bool {
        self.cancel_because(CancelledError::default())
    }

    /// As [`cancel`](Self::cancel), for what the other side was cancelled for.
    pub(crate) fn cancel_because(&self, cancelled: CancelledError) -> bool {
        let mut state = self.lock();
        match &state.stage {
            stage if may_be_cancelled(stage) => state.stage = Stage::Done(Err(cancelled.into())),
            stage => return is_cancelled(stage),
        }
        self.tell(state);
        true
    }

    /// True, and another process works on it from now on; false if it is done. It can still be cancelled.
    #[cfg(feature = "process-pool")]
    pub(crate) fn begin_elsewhere(&self) -> bool {
        let mut state = self.lock();
        let begins = !is_done(&state.stage);
        if begins {
            state.stage = Stage::Elsewhere;
        }
        begins
    }

    /// Whether the loop that runs on this thread will set it.
    pub(super) fn is_set_here(&self) -> bool {
        self.shared.setter.as_ref().is_some_and(LoopHandle::runs_here)
    }

    /// Whether it is done.
    pub fn done(&self) -> bool {
        is_done(&self.lock().stage)
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        is_cancelled(&self.lock().stage)
    }

    /// What it was cancelled for, if it was.
    pub(crate) fn cancelled_error(&self) -> Option<CancelledError> {
        match &self.lock().stage {
            Stage::Done(Err(Error::CancelledError(cancelled))) => Some(cancelled.clone()),
            _ => None,
        }
    }

    /// Whether an executor's thread or process works on it. Python: `Future.running()`.
    pub fn running(&self) -> bool {
        is_running(&self.lock().stage)
    }

    /// Blocks this thread until the result is there; at most `timeout`, `None` for ever.
    ///
    /// Never call it on a thread that runs a loop: nothing else would run until it returns. Await
    /// [`wrap_future`](crate::wrap_future) there.
    ///
    /// # Errors
    ///
    /// `TimeoutError` if it did not come in time, and the future goes on. `RuntimeError` if the loop that has to set
    /// it runs on this very thread, which would wait for itself. Else what was set.
    pub fn result(&self, timeout: impl Into<Option<Duration>>) -> Result<T>
    where
        T: Clone,
    {
        match &self.wait(timeout.into())?.stage {
            Stage::Done(outcome) => outcome.clone(),
            _ => Err(Error::invalid_state("the result of this concurrent future was taken")),
        }
    }

    /// Blocks as [`result`](Self::result) does; then the exception, `None` if it has a result. Python:
    /// `Future.exception()`.
    ///
    /// # Errors
    ///
    /// Those of waiting, as with [`result`](Self::result); `CancelledError` if it was cancelled.
    pub fn exception(&self, timeout: impl Into<Option<Duration>>) -> Result<Option<Error>> {
        match &self.wait(timeout.into())?.stage {
            Stage::Done(Err(error)) if error.is_cancelled() => Err(error.clone()),
            Stage::Done(Err(error)) => Ok(Some(error.clone())),
            _ => Ok(None),
        }
    }

    /// Calls `callback` with the future once it is done, on the thread that sets or cancels it; at once, on this one,
    /// if it is done. Python: `Future.add_done_callback()`.
    ///
    /// Callbacks run in the order in which they were added. A panic in one is logged and stops none of the others.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static) {
        self.when_done(callback);
    }

    /// As [`add_done_callback`](Self::add_done_callback).
    pub(crate) fn when_done(&self, callback: impl FnOnce(&Self) + Send + 'static) {
        let mut state = self.lock();
        if !is_done(&state.stage) {
            return state.callbacks.push(Box::new(callback));
        }
        drop(state);
        self.call(callback);
    }

    /// Sets the outcome.
    pub(crate) fn set(&self, outcome: Result<T>) -> Result<()> {
        let mut state = self.lock();
        if is_done(&state.stage) {
            return Err(Error::invalid_state("the concurrent future is done already; was it cancelled?"));
        }
        state.stage = Stage::Done(outcome);
        self.tell(state);
        Ok(())
    }

    /// Takes the outcome out, once it is done; for whoever owns the only handle that can ask.
    pub(crate) fn take(&self) -> Result<T> {
        match std::mem::replace(&mut self.lock().stage, Stage::Taken) {
            Stage::Done(outcome) => outcome,
            _ => Err(Error::invalid_state("the concurrent future has no outcome to be taken")),
        }
    }

    fn tell(&self, mut state: MutexGuard<'_, State<T>>) {
        let callbacks = std::mem::take(&mut state.callbacks);
        drop(state);
        self.shared.changed.notify_all();
        callbacks.into_iter().for_each(|callback| self.call(callback));
    }

    fn call(&self, callback: impl FnOnce(&Self)) {
        if let Err(panic) = catch(|| callback(self)) {
            crate::log::failure(&format_args!("ASY0003: exception in a callback of a concurrent future: {panic}"));
        }
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<MutexGuard<'_, State<T>>> {
        // A deadline beyond what the clock can count is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.lock();
        while !is_done(&state.stage) {
            if self.is_set_here() {
                return Err(Error::runtime_error(
                    "result() would block the thread of the event loop that has to set it; \
                     await asyncio::wrap_future(future)? here, or call result() on another thread",
                ));
            }
            state = match deadline {
                None => self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(TimeoutError::new().into());
                    }
                    self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Ok(state)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "process-pool")]
fn may_be_cancelled<T>(stage: &Stage<T>) -> bool {
    matches!(stage, Stage::Pending | Stage::Elsewhere)
}

#[cfg(not(feature = "process-pool"))]
fn may_be_cancelled<T>(stage: &Stage<T>) -> bool {
    matches!(stage, Stage::Pending)
}

#[cfg(feature = "process-pool")]
fn is_running<T>(stage: &Stage<T>) -> bool {
    matches!(stage, Stage::Running | Stage::Elsewhere)
}

#[cfg(not(feature = "process-pool"))]
fn is_running<T>(stage: &Stage<T>) -> bool {
    matches!(stage, Stage::Running)
}

fn is_done<T>(stage: &Stage<T>) -> bool {
    matches!(stage, Stage::Done(_) | Stage::Taken)
}

fn is_cancelled<T>(stage: &Stage<T>) -> bool {
    matches!(stage, Stage::Done(Err(error)) if error.is_cancelled())
}

impl<T> Clone for ConcurrentFuture<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T: Send + 'static> Default for ConcurrentFuture<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for ConcurrentFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).stage {
            Stage::Pending => "pending",
            Stage::Running => "running",
            #[cfg(feature = "process-pool")]
            Stage::Elsewhere => "running",
            stage if is_cancelled(stage) => "cancelled",
            Stage::Done(Err(_)) => "failed",
            Stage::Done(Ok(_)) | Stage::Taken => "finished",
        };
        write!(f, "<ConcurrentFuture {state}>")
    }
}
