//! Executors: blocking functions in threads, and coroutines for threads.
//!
//! | asyncio | file |
//! |---|---|
//! | `Executor`, `submit` | this one, and `job.rs` |
//! | `Executor.map` | `map.rs` |
//! | `ThreadPoolExecutor` | `thread_pool.rs`; its threads in `workers.rs` |
//! | `loop.run_in_executor`, `set_default_executor`, `shutdown_default_executor` | `default.rs`, `future.rs` |
//! | `to_thread` | `to_thread.rs` |
//! | `run_coroutine_threadsafe` | `threadsafe.rs` |
//!
//! Four ways cross the border between threads: these three, and
//! [`call_soon_threadsafe`](crate::LoopHandle::call_soon_threadsafe) below them.

mod default;
mod future;
mod job;
mod map;
#[cfg(feature = "process-pool")]
mod parcel;
#[cfg(feature = "process-pool")]
mod remote;
mod thread_pool;
mod threadsafe;
mod to_thread;
mod workers;

#[cfg(feature = "process-pool")]
pub(crate) use default::run_in_executor_at;
pub use future::{ExecutorFuture, ExecutorFutureAwait};
pub use job::{Errand, IntoJob, Job, JobOutput};
pub use map::Map;
#[cfg(feature = "process-pool")]
pub use parcel::Parcel;
#[cfg(feature = "process-pool")]
pub use remote::{FunctionId, Lease, RemoteJob};
#[cfg(feature = "process-pool")]
pub(crate) use remote::{Invocation, remote_job};
pub use thread_pool::{ShutdownOptions, ThreadPoolExecutor, ThreadPoolExecutorBuilder};
pub use threadsafe::run_coroutine_threadsafe;
pub use to_thread::{ToThread, to_thread};

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::exceptions::Result;
use crate::future::ConcurrentFuture;

/// What runs functions elsewhere, in threads as a rule. Python: `concurrent.futures.Executor`.
///
/// Only [`execute`](Self::execute) is to be written; a pool of another crate becomes an executor of
/// [`run_in_executor`](crate::EventLoop::run_in_executor) in three lines.
///
/// # Examples
///
/// ```
/// use asyncio::{Executor, Job};
///
/// struct ThreadEach;
///
/// impl Executor for ThreadEach {
///     fn execute(&self, job: Job) -> asyncio::Result<()> {
///         std::thread::Builder::new().spawn(move || job.run())?;
///         Ok(())
///     }
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// let answer = ThreadEach.submit(|| Ok::<_, asyncio::Error>(6 * 7))?;
/// assert_eq!(answer.result(None)?, 42);
/// # Ok(())
/// # }
/// ```
pub trait Executor: Send + Sync {
    /// Takes a job that has to be [run](Job::run) once, on whatever thread; never on the caller's before this returns.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from taking one. The job is dropped then, which cancels its future.
    fn execute(&self, job: Job) -> Result<()>;

    /// Has `function` called, and returns the future of its result. Python: `Executor.submit()`.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Self::execute): a [`ThreadPoolExecutor`] that was shut down gives `RuntimeError`.
    #[track_caller]
    fn submit<J, T>(&self, function: J) -> Result<ConcurrentFuture<T>>
    where
        Self: Sized,
        J: IntoJob<Value = T>,
        T: Send + 'static,
    {
        job::submit(self, function, None, Location::caller())
    }

    /// Has `function` called with each item, several at a time; the results come in the order of the items. Python:
    /// `Executor.map()`.
    ///
    /// All items are submitted at the call. The iterator blocks until the next result is there, `timeout` at most,
    /// counted from the call. Dropping it cancels what has not begun.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Self::execute).
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::{Executor, ThreadPoolExecutor};
    ///
    /// # fn main() -> asyncio::Result<()> {
    /// let pool = ThreadPoolExecutor::new();
    /// let double = |n: u32| Ok::<_, asyncio::Error>(n * 2);
    /// let doubled: asyncio::Result<Vec<u32>> = pool.map(double, [1, 2, 3], None)?.collect();
    /// assert_eq!(doubled?, [2, 4, 6]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    fn map<F, I, R>(&self, function: F, items: I, timeout: impl Into<Option<Duration>>) -> Result<Map<R::Value>>
    where
        Self: Sized,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        I: IntoIterator<Item: Send + 'static>,
        R: JobOutput<Value: Send + 'static>,
    {
        let location = Location::caller();
        let mut map = Map::new(timeout.into());
        let function = Arc::new(function);
        for item in items {
            let function = function.clone();
            map.push(job::submit(self, move || function(item), None, location)?);
        }
        Ok(map)
    }
}
