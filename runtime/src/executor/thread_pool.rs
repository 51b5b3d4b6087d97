//! `ThreadPoolExecutor`: the handle of a pool of threads, and how one is made and ended.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::workers::{Initializer, Plan, Pool};
use super::{Executor, Job, JobOutput};
use crate::event_loop::current_inner;
use crate::exceptions::{Error, Result, install_hook};

/// A pool of threads that call functions. Python: `concurrent.futures.ThreadPoolExecutor`.
///
/// Threads start when they are needed: an idle one is used again before a new one starts. A clonable handle; when the
/// last clone goes, the threads finish what was submitted and end. Nothing waits for them then: call
/// [`shutdown`](Self::shutdown) to do so; debug mode warns of a pool that was used and dropped without. No thread of a
/// pool keeps the process from ending.
///
/// # Examples
///
/// ```
/// use asyncio::{Executor, ThreadPoolExecutor};
///
/// # fn main() -> asyncio::Result<()> {
/// let pool = ThreadPoolExecutor::builder().max_workers(2).thread_name_prefix("hash").build()?;
/// let sum = pool.submit(|| Ok::<_, asyncio::Error>((1..=100).sum::<u32>()))?;
/// assert_eq!(sum.result(None)?, 5050);
/// pool.shutdown()
/// # }
/// ```
#[derive(Clone)]
pub struct ThreadPoolExecutor {
    owner: Arc<Owner>,
}

/// What the handles share, and the threads do not: its end is the pool's.
struct Owner {
    pool: Arc<Pool>,
    made_at: &'static Location<'static>,
    /// It was made by a loop in debug mode.
    watched: bool,
}

impl Owner {
    /// In debug mode: nobody can wait for the threads any more.
    #[cold]
    fn report_unclosed(&self) {
        let place = self.made_at;
        crate::log::warning(format_args!(
            "ASY0011: a ThreadPoolExecutor, made at {place}, was dropped before it was shut down, and nothing waits for its \
             threads; call shutdown() when you are done with it"
        ));
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let running = self.pool.is_running() && !self.pool.ends_by_itself();
        if running && (self.watched || is_debug()) {
            self.report_unclosed();
        }
        self.pool.close(false);
    }
}

/// Whether a loop in debug mode runs here.
fn is_debug() -> bool {
    current_inner(|inner| inner.is_some_and(|inner| inner.get_debug()))
}

/// Options for a pool; made by [`ThreadPoolExecutor::builder`].
#[must_use = "the builder makes a pool when its build() is called"]
pub struct ThreadPoolExecutorBuilder {
    max_workers: Option<usize>,
    thread_name_prefix: Option<String>,
    initializer: Option<Initializer>,
    keep_alive: Option<Duration>,
}

/// How a pool ends; see [`ThreadPoolExecutor::shutdown_with`].
#[derive(Clone, Copy, Debug)]
pub struct ShutdownOptions {
    wait: bool,
    cancel_futures: bool,
}

impl ShutdownOptions {
    /// Waits, and cancels nothing: what [`ThreadPoolExecutor::shutdown`] does.
    pub fn new() -> Self {
        Self { wait: true, cancel_futures: false }
    }

    /// Whether to block until all threads have ended.
    pub fn wait(mut self, wait: bool) -> Self {
        self.wait = wait;
        self
    }

    /// Whether to cancel the jobs that have not begun.
    pub fn cancel_futures(mut self, cancel: bool) -> Self {
        self.cancel_futures = cancel;
        self
    }

    #[cfg(feature = "process-pool")]
    pub(crate) fn waits(self) -> bool {
        self.wait
    }

    #[cfg(feature = "process-pool")]
    pub(crate) fn cancels(self) -> bool {
        self.cancel_futures
    }
}

impl Default for ShutdownOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ThreadPoolExecutorBuilder {
    /// How many threads there may be: four more than there are processors, and at most 32, unless this says otherwise.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        self.max_workers = Some(max_workers);
        self
    }

    /// What the names of the threads begin with: `prefix_0`, `prefix_1`, …
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.thread_name_prefix = Some(prefix.into());
        self
    }

    /// What each thread calls before its first job.
    ///
    /// If it fails or panics the pool is broken: what waits, and what is submitted from then on, fails with
    /// [`Error::BrokenThreadPool`].
    pub fn initializer<R: JobOutput>(mut self, initializer: impl Fn() -> R + Send + Sync + 'static) -> Self {
        self.initializer = Some(Arc::new(move || initializer().into_result().map(drop)));
        self
    }

    /// A thread that has had nothing to do for so long ends. Python's, and those without this, stay.
    pub(crate) fn keep_alive(mut self, limit: Duration) -> Self {
        self.keep_alive = Some(limit);
        self
    }

    /// The pool. No thread starts yet.
    ///
    /// # Errors
    ///
    /// `ValueError` if `max_workers` is zero, or the prefix has a NUL character in it, which no thread's name can have.
    #[track_caller]
    pub fn build(self) -> Result<ThreadPoolExecutor> {
        let max_workers = self.max_workers.unwrap_or_else(default_workers);
        if max_workers == 0 {
            return Err(Error::value_error("max_workers must be at least 1: a pool of no threads runs nothing"));
        }
        let thread_name_prefix = self.thread_name_prefix.unwrap_or_else(default_prefix);
        if thread_name_prefix.contains('\0') {
            return Err(Error::value_error(
                "thread_name_prefix has a NUL character in it, and names of threads end there",
            ));
        }
        // Panics of jobs shall say where they happened, also in a process without a loop.
        install_hook();
        let Self { initializer, keep_alive, .. } = self;
        let pool = Pool::new(Plan { max_workers, thread_name_prefix, initializer, keep_alive });
        let (made_at, watched) = (Location::caller(), is_debug());
        Ok(ThreadPoolExecutor { owner: Arc::new(Owner { pool, made_at, watched }) })
    }
}

/// Python's formula: I/O waits more than it computes, and memory is not for ever.
fn default_workers() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    processors.saturating_add(4).min(32)
}

fn default_prefix() -> String {
    static POOLS: AtomicUsize = AtomicUsize::new(0);
    format!("ThreadPoolExecutor-{}", POOLS.fetch_add(1, Ordering::Relaxed))
}

impl ThreadPoolExecutor {
    /// A pool with Python's defaults.
    #[track_caller]
    pub fn new() -> Self {
        Self::builder().build().expect("the defaults are valid")
    }

    /// A pool with options.
    pub fn builder() -> ThreadPoolExecutorBuilder {
        ThreadPoolExecutorBuilder { max_workers: None, thread_name_prefix: None, initializer: None, keep_alive: None }
    }

    /// How many threads there may be.
    pub fn max_workers(&self) -> usize {
        self.pool().max_workers()
    }

    /// Takes no more jobs, finishes those that were submitted, and blocks until all threads have ended. Python:
    /// `Executor.shutdown()`.
    ///
    /// Calling it again is harmless. Never call it on a thread that runs a loop: nothing else would run until it
    /// returns.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it is called by a job of this pool, which would wait for itself; the pool is shut down, and
    /// its threads end without being waited for.
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
        self.pool().close(options.cancel_futures);
        if !options.wait {
            return Ok(());
        }
        if self.pool().runs_on(thread::current().id()) {
            return Err(Error::runtime_error(
                "a job cannot wait for the end of its own pool; use shutdown_with(ShutdownOptions::new().wait(false))",
            ));
        }
        self.pool().join(None, || true);
        Ok(())
    }

    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.owner.pool
    }
}

impl Executor for ThreadPoolExecutor {
    fn execute(&self, job: Job) -> Result<()> {
        self.pool().submit(job)
    }
}

impl Default for ThreadPoolExecutor {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool().fmt(f)
    }
}

impl fmt::Debug for ThreadPoolExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolExecutorBuilder")
            .field("max_workers", &self.max_workers)
            .field("thread_name_prefix", &self.thread_name_prefix)
            .finish_non_exhaustive()
    }
}
