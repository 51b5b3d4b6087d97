//! The loop's side of executors: `run_in_executor`, and the pool that is used where none is named.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::workers::Pool;
use super::{Executor, ExecutorFuture, IntoJob, ShutdownOptions, ThreadPoolExecutor, job};
use crate::context::Luggage;
use crate::event_loop::{EventLoop, Inner, Slot};
use crate::exceptions::{Error, Result};
use crate::future::ConcurrentFuture;

/// The default executor of a loop.
struct DefaultExecutor {
    inner: Weak<Inner>,
    executor: RefCell<Option<ThreadPoolExecutor>>,
    shut: Cell<bool>,
}

impl Slot for DefaultExecutor {
    fn create(inner: &Rc<Inner>) -> Rc<Self> {
        Rc::new(Self { inner: Rc::downgrade(inner), executor: RefCell::default(), shut: Cell::default() })
    }

    fn close(&self) {
        let executor = self.executor.take();
        if let Some(executor) = executor {
            if self.inner.upgrade().is_some_and(|inner| inner.get_debug()) {
                crate::log::warning(
                    "ASY0011: unclosed default executor; await shutdown_default_executor(…) before the event loop is closed",
                );
            }
            executor.pool().close(false);
        }
    }
}

impl DefaultExecutor {
    /// The pool, made now if need be.
    fn get(&self) -> Result<ThreadPoolExecutor> {
        if self.shut.get() {
            return Err(Error::runtime_error(
                "the default executor was shut down; give run_in_executor a pool of your own",
            ));
        }
        let mut executor = self.executor.borrow_mut();
        if executor.is_none() {
            *executor = Some(ThreadPoolExecutor::builder().thread_name_prefix("asyncio").build()?);
        }
        Ok(executor.clone().expect("made above"))
    }
}

impl EventLoop {
    /// Calls a blocking function in a thread of `executor`, or of the default one. Python: `loop.run_in_executor()`.
    ///
    /// The function is submitted at once, and its result awaited or not. The default executor is made at its first use:
    /// a [`ThreadPoolExecutor`] whose threads are named `asyncio_0`, `asyncio_1`, … The context stays here:
    /// [`to_thread`](crate::to_thread) takes it along.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed, or the executor was shut down; what another executor fails with.
    ///
    /// # Cancellation
    ///
    /// Cancelling the future, or a task that awaits it, cancels a function that has not begun. One that runs cannot be
    /// stopped: it goes on, and its result is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let manifest = event_loop.run_in_executor(None, || std::fs::read_to_string("Cargo.toml"))?;
    ///     assert!(manifest.await?.contains("asyncio"));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn run_in_executor<J, T>(&self, executor: Option<&dyn Executor>, function: J) -> Result<ExecutorFuture<T>>
    where
        J: IntoJob<Value = T>,
        T: Send + 'static,
    {
        run_in_executor(self.inner(), executor, function, None, Location::caller())
    }

    /// Sets the pool that is used where none is named. Python: `loop.set_default_executor()`.
    ///
    /// The former one finishes what it has; nothing waits for it unless a handle of it was kept.
    pub fn set_default_executor(&self, executor: ThreadPoolExecutor) {
        let former = self.inner().slot::<DefaultExecutor>().executor.replace(Some(executor));
        drop(former);
    }

    /// Waits until the default executor has finished what was submitted, and its threads have ended. Python:
    /// `loop.shutdown_default_executor()`.
    ///
    /// From then on `run_in_executor(None, …)` is refused. After `timeout`, in real time whatever the loop's clock,
    /// a warning names what the threads are doing, and they are left to themselves: they cannot be stopped, but the
    /// process ends without them. [`Runner`](crate::Runner) calls this with
    /// [`THREAD_JOIN_TIMEOUT`](crate::constants::THREAD_JOIN_TIMEOUT); a program that cannot wait for so long calls it
    /// before, with a shorter time.
    ///
    /// # Errors
    ///
    /// `OsError` if the system has no thread to wait with.
    ///
    /// # Cancellation
    ///
    /// The threads are left to themselves, as after the timeout.
    pub async fn shutdown_default_executor(&self, timeout: impl Into<Option<Duration>>) -> Result<()> {
        let timeout = timeout.into();
        let slot = self.inner().slot::<DefaultExecutor>();
        slot.shut.set(true);
        let Some(executor) = slot.executor.take() else { return Ok(()) };
        executor.shutdown_with(ShutdownOptions::new().wait(false))?;
        if !ended(self.inner(), executor.pool(), timeout)?.await? {
            let (timeout, doing) = (timeout.unwrap_or_default(), executor.pool().doing().join(", "));
            crate::log::warning(format_args!(
                "ASY0022: the threads of the default executor did not end within {timeout:?} and are left to themselves: {doing}"
            ));
        }
        Ok(())
    }

    /// Whether there is a default executor to be shut down.
    pub(crate) fn has_default_executor(&self) -> bool {
        self.inner().existing_slot::<DefaultExecutor>().is_some_and(|slot| slot.executor.borrow().is_some())
    }
}

/// Waits, in a thread, until a closed pool is over; false if it was not in time.
///
/// The loop's own timers would not do: its clock may be a virtual one, which a test moves as it likes.
fn ended(inner: &Rc<Inner>, pool: &Arc<Pool>, timeout: Option<Duration>) -> Result<ExecutorFuture<bool>> {
    let ended = ConcurrentFuture::new();
    let (waiter, waited_for) = (ended.clone(), pool.clone());
    let wait = move || {
        let over = waited_for.join(timeout, || !waiter.done());
        // Refused only if nobody waits any more.
        let _ = waiter.set_result(over);
    };
    if pool.is_over() {
        wait();
    } else {
        let thread = thread::Builder::new().name("asyncio shutdown".to_owned()).spawn(wait);
        thread.map_err(|error| Error::os_error_at(error, "a thread that waits for the default executor"))?;
    }
    let pool = pool.clone();
    ended.when_done(move |_| pool.wake_joiner());
    Ok(ExecutorFuture::new(inner, ended, Location::caller()))
}

/// Submits a function, and chains its result to the loop.
pub(super) fn run_in_executor<J: IntoJob>(
    inner: &Rc<Inner>,
    executor: Option<&dyn Executor>,
    function: J,
    luggage: Option<Luggage>,
    location: &'static Location<'static>,
) -> Result<ExecutorFuture<J::Value>> {
    inner.check_usable()?;
    let future = match executor {
        Some(executor) => job::submit(executor, function, luggage, location)?,
        None => job::submit(&inner.slot::<DefaultExecutor>().get()?, function, luggage, location)?,
    };
    Ok(ExecutorFuture::new(inner, future, location))
}

/// As `run_in_executor`, for a caller that knows where it was called.
#[cfg(feature = "process-pool")]
pub(crate) fn run_in_executor_at<J: IntoJob>(
    event_loop: &EventLoop,
    executor: &dyn Executor,
    job: J,
    location: &'static Location<'static>,
) -> Result<ExecutorFuture<J::Value>> {
    run_in_executor(event_loop.inner(), Some(executor), job, None, location)
}
