//! What the handles of a pool share with the thread that manages its workers: the calls that wait, and how it stands.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};

use super::manager;
use crate::event_loop::LoopHandle;
use crate::exceptions::{Error, Result};
use crate::executor::{FunctionId, Parcel, RemoteJob};
use crate::sys::fork::Process;

/// What a pool is made of.
pub(super) struct Plan {
    pub(super) max_workers: usize,
    pub(super) max_tasks_per_child: Option<u64>,
    pub(super) initializer: Option<(FunctionId, Parcel)>,
}

pub(super) struct Shared {
    pub(super) plan: Plan,
    state: Mutex<State>,
    /// The manager has ended.
    ended: Condvar,
    process: Process,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) jobs: VecDeque<RemoteJob>,
    pub(super) closed: bool,
    pub(super) broken: Option<Error>,
    /// How many processes there are.
    pub(super) workers: usize,
    /// The manager was told to look, and has not done so yet.
    told: bool,
    manager: Option<Manager>,
}

/// The thread, while it runs.
struct Manager {
    event_loop: LoopHandle,
    thread: JoinHandle<()>,
}

impl Shared {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        Arc::new(Self { plan, state: Mutex::default(), ended: Condvar::new(), process: Process::current() })
    }

    pub(super) fn submit(self: &Arc<Self>, job: RemoteJob) -> Result<()> {
        if !self.process.is_current() {
            return Err(Error::runtime_error(
                "this process pool's workers belong to the parent of a fork; make a new pool",
            ));
        }
        let mut state = self.lock();
        if let Some(broken) = &state.broken {
            return Err(broken.clone());
        }
        if state.closed {
            return Err(Error::runtime_error(
                "the process pool was shut down and takes no calls any more; make a new one",
            ));
        }
        if state.manager.is_none() {
            state.manager = Some(self.start()?);
        }
        state.jobs.push_back(job);
        self.tell(state);
        Ok(())
    }

    /// Starts the manager. Its errors are those of the first call.
    fn start(self: &Arc<Self>) -> Result<Manager> {
        let (sender, receiver) = sync_channel(1);
        let shared = self.clone();
        let thread = thread::Builder::new().name("asyncio processes".to_owned());
        let thread = thread.spawn(move || manager::run(&shared, &sender));
        let thread = thread.map_err(|error| Error::os_error_at(error, "the thread of a process pool"))?;
        match receiver.recv() {
            Ok(Ok(event_loop)) => Ok(Manager { event_loop, thread }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::runtime_error("the thread of a process pool has panicked")),
        }
    }

    /// Has the manager look at what is new.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::replace(&mut state.told, true) {
            return;
        }
        let event_loop = state.manager.as_ref().map(|manager| manager.event_loop.clone());
        drop(state);
        if let Some(event_loop) = event_loop {
            // A manager that has ended has left nothing to do.
            let _ = event_loop.call_soon_threadsafe(manager::look);
        }
    }

    /// The manager looks: what is new from now on it has to be told again.
    pub(super) fn looks(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.told = false;
        state
    }

    /// Takes no more calls. The workers end when there is nothing left to do; with `cancel`, what has not begun is
    /// cancelled.
    pub(super) fn close(&self, cancel: bool) {
        if !self.process.is_current() {
            return;
        }
        let mut state = self.lock();
        state.closed = true;
        let cancelled = if cancel { std::mem::take(&mut state.jobs) } else { VecDeque::new() };
        self.tell(state);
        drop(cancelled);
    }

    /// No call can be made any more, and those that wait fail.
    pub(super) fn break_down(&self, error: &Error) {
        let mut state = self.lock();
        state.broken = Some(error.clone());
        let jobs = std::mem::take(&mut state.jobs);
        self.tell(state);
        fail(jobs, error);
    }

    /// Blocks until the workers of a closed pool have ended. In the child of a fork they are not its own.
    pub(super) fn join(&self) {
        if !self.process.is_current() {
            return;
        }
        let mut state = self.lock();
        while state.manager.is_some() {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The manager ends; with it ends what still waits, which is nothing unless it has panicked.
    pub(super) fn over(&self) {
        let mut state = self.lock();
        state.workers = 0;
        let manager = state.manager.take();
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        drop(manager);
        self.ended.notify_all();
        fail(jobs, &Error::broken_process_pool("the thread of the process pool has ended"));
    }

    /// Whether this is the manager's thread, on which callbacks of the calls' futures run.
    pub(super) fn runs_on(&self, thread: ThreadId) -> bool {
        self.process.is_current()
            && self.lock().manager.as_ref().is_some_and(|manager| manager.thread.thread().id() == thread)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fails calls that nobody has begun.
pub(super) fn fail(jobs: VecDeque<RemoteJob>, error: &Error) {
    for job in jobs {
        if let Some(lease) = job.lease() {
            lease.fail(error.clone());
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ProcessPoolExecutor")
            .field("max_workers", &self.plan.max_workers)
            .field("processes", &state.workers)
            .field("waiting", &state.jobs.len())
            .field("shut_down", &state.closed)
            .finish_non_exhaustive()
    }
}
