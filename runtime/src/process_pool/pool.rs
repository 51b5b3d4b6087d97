//! `ProcessPoolExecutor`: the handle of a pool of processes, and how one is made and ended.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::call::RemoteCall;
use super::entry;
use super::function::RemoteFunction;
use super::pack::Travels;
use super::shared::{Plan, Shared};
use crate::exceptions::{Error, Result, install_hook};
use crate::executor::{Executor, Job, JobOutput, Map, ShutdownOptions};
use crate::future::ConcurrentFuture;

/// A pool of processes that call functions. Python: `concurrent.futures.ProcessPoolExecutor`.
///
/// The processes are this program again, started when they are needed. They call functions that
/// [`#[asyncio::remote]`](macro@crate::remote) stands on; arguments and results travel as bytes. A crash or a kill of
/// such a process fails the call that it ran, with [`Error::BrokenProcessPool`], which says how it ended and what it
/// wrote last to its standard error; another one takes its place. Cancelling a call kills its worker.
///
/// A clonable handle; when the last clone goes, the workers finish what was submitted and end. Nothing waits for them
/// then: call [`shutdown`](Self::shutdown) to do so. The end of this process, however it comes, ends them at once.
///
/// `main` has to be [`#[asyncio::main]`](macro@crate::main), or to call [`serve_if_worker`](crate::serve_if_worker).
///
/// A worker has this process's environment and directory and shares its standard output. Its standard input is empty,
/// and its standard error goes through this process. It is in a process group of its own, so Ctrl-C in a terminal does
/// not reach it. It may have a pool of its own.
///
/// An argument or result that is a `Vec<u8>` travels as it is, at about the speed at which memory is copied twice; every
/// other type goes through serde, element by element. The pool has a thread of its own for all of that, so that large
/// ones do not stop the caller's loop.
///
/// # Examples
///
/// ```
/// use asyncio::{ProcessPoolExecutor, Result};
///
/// #[asyncio::remote]
/// fn count_primes(below: u32) -> Result<usize> {
///     Ok((2..below).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).count())
/// }
///
/// #[asyncio::main]
/// async fn main() -> Result<()> {
///     let pool = ProcessPoolExecutor::new();
///     assert_eq!(count_primes.on(&pool)(100).await?, 25);
///
///     // As with a pool of threads:
///     let event_loop = asyncio::get_running_loop()?;
///     assert_eq!(event_loop.run_in_executor(Some(&pool), count_primes.call(100))?.await?, 25);
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct ProcessPoolExecutor {
    owner: Arc<Owner>,
}

/// What the handles share, and the manager does not: its end is the pool's.
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close(false);
    }
}

/// Options for a pool; made by [`ProcessPoolExecutor::builder`].
#[must_use = "the builder makes a pool when its build() is called"]
pub struct ProcessPoolExecutorBuilder {
    max_workers: Option<usize>,
    max_tasks_per_child: Option<u64>,
    initializer: Option<RemoteCall<()>>,
}

impl ProcessPoolExecutorBuilder {
    /// How many processes there may be: as many as there are processors, unless this says otherwise.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = Some(max_workers);
        self
    }

    /// After so many calls a process ends and another one takes its place. Without this they stay.
    pub fn max_tasks_per_child(mut self, max_tasks_per_child: u64) -> Self {
        self.max_tasks_per_child = Some(max_tasks_per_child);
        self
    }

    /// What each process calls before anything else, as `set_up.call("fast".to_owned())`.
    ///
    /// If it fails or panics the pool is broken: what waits, and what is submitted from then on, fails with
    /// [`Error::BrokenProcessPool`].
    pub fn initializer(mut self, initializer: RemoteCall<()>) -> Self {
        self.initializer = Some(initializer);
        self
    }

    /// The pool. No process starts yet.
    ///
    /// # Errors
    ///
    /// `ValueError` if `max_workers` or `max_tasks_per_child` is zero, or the initializer's arguments cannot be turned
    /// into bytes. `RuntimeError` if `main` never asked whether it is a worker: see
    /// [`serve_if_worker`](crate::serve_if_worker).
    pub fn build(self) -> Result<ProcessPoolExecutor> {
        let Self { max_workers, max_tasks_per_child, initializer } = self;
        let max_workers = max_workers.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));
        if max_workers == 0 {
            return Err(Error::value_error("max_workers must be at least 1: a pool of no processes runs nothing"));
        }
        if max_tasks_per_child == Some(0) {
            return Err(Error::value_error("max_tasks_per_child must be at least 1: leave it out for no limit"));
        }
        entry::check()?;
        let initializer = initializer.map(RemoteCall::pack).transpose()?;
        // Panics of callbacks shall say where they happened, also in a process without a loop.
        install_hook();
        let shared = Shared::new(Plan { max_workers, max_tasks_per_child, initializer });
        Ok(ProcessPoolExecutor { owner: Arc::new(Owner { shared }) })
    }
}

impl ProcessPoolExecutor {
    /// A pool with Python's defaults.
    ///
    /// # Panics
    ///
    /// If `main` never asked whether it is a worker: see [`serve_if_worker`](crate::serve_if_worker).
    /// [`builder`](Self::builder) gives an error instead.
    pub fn new() -> Self {
        Self::builder().build().unwrap_or_else(|error| panic!("ProcessPoolExecutor::new: {error}"))
    }

    /// A pool with options.
    pub fn builder() -> ProcessPoolExecutorBuilder {
        ProcessPoolExecutorBuilder { max_workers: None, max_tasks_per_child: None, initializer: None }
    }

    /// How many processes there may be.
    pub fn max_workers(&self) -> usize {
        self.shared().plan.max_workers
    }

    /// Has a function called, and returns the future of its result. Python: `Executor.submit()`.
    ///
    /// Cancelling the future cancels the call, also while it runs.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the pool was shut down; `BrokenProcessPool` if no worker can work.
    #[track_caller]
    pub fn submit<T: Send + 'static>(&self, call: RemoteCall<T>) -> Result<ConcurrentFuture<T>> {
        Executor::submit(self, call)
    }

    /// Has a function called with each item, several at a time; the results come in the order of the items. Python:
    /// `Executor.map()`.
    ///
    /// As [`Executor::map`]: all items are submitted at the call, the iterator blocks until the next result is there,
    /// `timeout` at most, counted from the call. Dropping it cancels what is not done.
    ///
    /// # Errors
    ///
    /// Those of [`submit`](Self::submit).
    #[track_caller]
    pub fn map<A: Travels, R: JobOutput<Value: Travels> + 'static>(
        &self,
        function: RemoteFunction<fn(A) -> R>,
        items: impl IntoIterator<Item = A>,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Map<R::Value>> {
        let mut map = Map::new(timeout.into());
        for item in items {
            map.push(self.submit(function.call(item))?);
        }
        Ok(map)
    }

    /// As [`map`](Self::map), with up to `chunksize` items in one message, for many items that take little time each.
    /// Python: `Executor.map(…, chunksize=…)`.
    ///
    /// The first item that fails takes the other results of its chunk with it.
    ///
    /// # Errors
    ///
    /// `ValueError` if `chunksize` is zero; those of [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::{ProcessPoolExecutor, Result};
    ///
    /// #[asyncio::remote]
    /// fn double(number: u32) -> Result<u32> {
    ///     Ok(number * 2)
    /// }
    ///
    /// #[asyncio::main]
    /// async fn main() -> Result<()> {
    ///     let pool = ProcessPoolExecutor::builder().max_workers(1).build()?;
    ///     let doubled: Result<Vec<u32>> = pool.map_chunks(double, 0..1000, 100, None)?.collect();
    ///     assert_eq!(doubled?.last(), Some(&1998));
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn map_chunks<A: Travels, R: JobOutput<Value: Travels> + 'static>(
        &self,
        function: RemoteFunction<fn(A) -> R>,
        items: impl IntoIterator<Item = A>,
        chunksize: usize,
        timeout: impl Into<Option<Duration>>,
    ) -> Result<Map<R::Value>> {
        if chunksize == 0 {
            return Err(Error::value_error("chunksize must be at least 1: there is no end to chunks of nothing"));
        }
        let mut map = Map::new(timeout.into());
        let mut items = items.into_iter();
        loop {
            let chunk: Vec<A> = items.by_ref().take(chunksize).collect();
            if chunk.is_empty() {
                return Ok(map);
            }
            map.push_chunk(self.submit(function.chunk(chunk))?);
        }
    }

    /// Takes no more calls, finishes those that were submitted, and blocks until all processes have ended. Python:
    /// `Executor.shutdown()`.
    ///
    /// Calling it again is harmless; in the child of a fork, which has none of the processes, it does nothing. Never call it on a thread that runs a loop: nothing else would run until it
    /// returns.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it is called by a callback of a call's future, on the thread that would have to end; the pool is
    /// shut down, and its processes end without being waited for.
    pub fn shutdown(&self) -> Result<()> {
        self.shutdown_with(ShutdownOptions::new())
    }

    /// As [`shutdown`](Self::shutdown), not waiting, or cancelling what has not begun. Python:
    /// `Executor.shutdown(wait, cancel_futures=…)`.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown), if it waits.
    pub fn shutdown_with(&self, options: ShutdownOptions) -> Result<()> {
        self.shared().close(options.cancels());
        if !options.waits() {
            return Ok(());
        }
        if self.shared().runs_on(thread::current().id()) {
            return Err(Error::runtime_error(
                "a callback of a call cannot wait for the end of its pool; use shutdown_with(ShutdownOptions::new().wait(false))",
            ));
        }
        self.shared().join();
        Ok(())
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.owner.shared
    }
}

impl Executor for ProcessPoolExecutor {
    fn execute(&self, job: Job) -> Result<()> {
        let job = job.into_remote().map_err(|_| {
            Error::value_error(
                "a closure cannot leave its process: write a function with #[asyncio::remote], and give the pool \
                 function.call(…)",
            )
        })?;
        job.function().find()?;
        self.shared().submit(job)
    }
}

impl Default for ProcessPoolExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared().fmt(f)
    }
}

impl fmt::Debug for ProcessPoolExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolExecutorBuilder")
            .field("max_workers", &self.max_workers)
            .field("max_tasks_per_child", &self.max_tasks_per_child)
            .finish_non_exhaustive()
    }
}
