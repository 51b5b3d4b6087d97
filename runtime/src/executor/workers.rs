//! The threads of a pool and the queue that they take jobs from.
//!
//! A thread starts when a job comes and none is idle. All that is shared stands under one lock, which nobody holds
//! while code of the user's runs.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use slab::Slab;

use super::job::{Job, Origin};
use crate::exceptions::{Error, Result, catch};
use crate::sys::fork::Process;

/// What a thread calls before its first job.
pub(super) type Initializer = Arc<dyn Fn() -> Result<()> + Send + Sync>;

/// What a pool is made of.
pub(super) struct Plan {
    pub(super) max_workers: usize,
    pub(super) thread_name_prefix: String,
    pub(super) initializer: Option<Initializer>,
    /// A thread that has had nothing to do for so long ends.
    pub(super) keep_alive: Option<Duration>,
}

pub(super) struct Pool {
    plan: Plan,
    state: Mutex<State>,
    /// There is a job, or the pool was closed.
    work: Condvar,
    /// A thread has ended, or somebody does not wait for that any more.
    ended: Condvar,
    process: Process,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    workers: Slab<Worker>,
    /// How many of them wait for a job.
    idle: usize,
    /// How many were ever started: the number in a thread's name.
    started: usize,
    closed: bool,
    broken: Option<Error>,
    /// Threads of a closed pool that have left, to be joined.
    left: Vec<JoinHandle<()>>,
}

struct Worker {
    thread: JoinHandle<()>,
    doing: Option<Origin>,
}

impl Pool {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        let (work, ended) = (Condvar::new(), Condvar::new());
        Arc::new(Self { plan, state: Mutex::default(), work, ended, process: Process::current() })
    }

    pub(super) fn max_workers(&self) -> usize {
        self.plan.max_workers
    }

    pub(super) fn submit(self: &Arc<Self>, job: Job) -> Result<()> {
        if !self.process.is_current() {
            return Err(Error::runtime_error(
                "this thread pool's threads stayed in the parent of a fork; make a new pool",
            ));
        }
        let mut state = self.lock();
        // The job of an error is dropped by the caller of this, with the lock released.
        if let Some(broken) = &state.broken {
            return Err(broken.clone());
        }
        if state.closed {
            return Err(Error::runtime_error(
                "the thread pool was shut down and takes no jobs any more; make a new one",
            ));
        }
        // Each idle thread will take one of the jobs that wait.
        if state.jobs.len() >= state.idle && state.workers.len() < self.plan.max_workers {
            let started = self.start(&mut state);
            if started.is_err() && state.workers.is_empty() {
                return started;
            }
        }
        state.jobs.push_back(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn start(self: &Arc<Self>, state: &mut State) -> Result<()> {
        let name = format!("{}_{}", self.plan.thread_name_prefix, state.started);
        let (pool, key) = (self.clone(), state.workers.vacant_key());
        let thread = thread::Builder::new().name(name).spawn(move || pool.work(key));
        let thread = thread.map_err(|error| Error::os_error_at(error, "a thread of a pool"))?;
        state.started += 1;
        state.workers.insert(Worker { thread, doing: None });
        Ok(())
    }

    /// What a thread does from its beginning to its end.
    fn work(&self, key: usize) {
        self.initialize();
        while let Some(job) = self.next(key) {
            // The job catches what its function does; this is about destructors.
            if let Err(panic) = catch(|| job.run()) {
                crate::log::failure(&format_args!("ASY0003: exception in a destructor of a pool's job: {panic}"));
            }
        }
        self.ended.notify_all();
    }

    /// The next job; with `None` the thread has left the pool.
    fn next(&self, key: usize) -> Option<Job> {
        let mut state = self.lock();
        state.workers[key].doing = None;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.workers[key].doing = Some(job.origin());
                return Some(job);
            }
            if state.closed || state.broken.is_some() {
                break;
            }
            state.idle += 1;
            let timed_out;
            (state, timed_out) = self.sleep(state);
            state.idle -= 1;
            if timed_out && state.jobs.is_empty() {
                break;
            }
        }
        // In the same breath: a job that comes now must not count on this thread.
        let worker = state.workers.remove(key);
        if state.closed {
            state.left.push(worker.thread);
        }
        None
    }

    fn sleep<'a>(&self, state: MutexGuard<'a, State>) -> (MutexGuard<'a, State>, bool) {
        match self.plan.keep_alive {
            None => (self.work.wait(state).unwrap_or_else(PoisonError::into_inner), false),
            Some(limit) => {
                let (state, waited) = self.work.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner);
                (state, waited.timed_out())
            }
        }
    }

    /// Calls the initializer. If it fails, so does all that waits.
    fn initialize(&self) {
        let Some(initializer) = &self.plan.initializer else { return };
        let outcome = catch(|| initializer()).unwrap_or_else(|panic| Err(panic.into()));
        let Err(error) = outcome else { return };
        crate::log::failure(&format_args!("ASY0023: the initializer of a thread pool failed: {error}"));
        let broken = Error::broken_thread_pool(format!("the initializer of the pool's threads failed: {error}"));
        let mut state = self.lock();
        state.broken = Some(broken.clone());
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        self.work.notify_all();
        jobs.into_iter().for_each(|job| job.fail(broken.clone()));
    }

    /// Whether threads run, and no one has asked them to end.
    pub(super) fn is_running(&self) -> bool {
        let state = self.lock();
        !state.closed && !state.workers.is_empty()
    }

    /// Whether its threads end by themselves when there is nothing to do.
    pub(super) fn ends_by_itself(&self) -> bool {
        self.plan.keep_alive.is_some()
    }

    /// Takes no more jobs. The threads end when there is nothing left to do; with `cancel`, what has not begun is
    /// cancelled.
    pub(super) fn close(&self, cancel: bool) {
        let mut state = self.lock();
        state.closed = true;
        let cancelled = if cancel { std::mem::take(&mut state.jobs) } else { VecDeque::new() };
        drop(state);
        self.work.notify_all();
        drop(cancelled);
    }

    /// Blocks until the threads of a closed pool have ended: at most `timeout`, and only while `waits` says so. False:
    /// some run on.
    pub(super) fn join(&self, timeout: Option<Duration>, waits: impl Fn() -> bool) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.lock();
        while !state.workers.is_empty() && waits() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            state = match left {
                None => self.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        let over = state.workers.is_empty();
        let left = std::mem::take(&mut state.left);
        drop(state);
        // They have nothing left to do but to go; `work` lets no panic out.
        left.into_iter().for_each(|thread| drop(thread.join()));
        over
    }

    /// Makes a `join` look again whether it still has to wait.
    pub(super) fn wake_joiner(&self) {
        // Under the lock, so that a joiner that has just looked is asleep by now.
        let _state = self.lock();
        self.ended.notify_all();
    }

    /// Whether this is one of the pool's own threads.
    pub(super) fn runs_on(&self, thread: ThreadId) -> bool {
        self.lock().workers.iter().any(|(_, worker)| worker.thread.thread().id() == thread)
    }

    /// Whether no thread runs.
    pub(super) fn is_over(&self) -> bool {
        self.lock().workers.is_empty()
    }

    /// What the threads are doing now.
    pub(super) fn doing(&self) -> Vec<String> {
        self.lock().workers.iter().filter_map(|(_, worker)| worker.doing.as_ref()).map(ToString::to_string).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doing = self.doing();
        let state = self.lock();
        f.debug_struct("ThreadPoolExecutor")
            .field("max_workers", &self.plan.max_workers)
            .field("threads", &state.workers.len())
            .field("waiting", &state.jobs.len())
            .field("doing", &doing)
            .field("shut_down", &state.closed)
            .finish_non_exhaustive()
    }
}
