//! Host names, resolved off the loop: a few threads of the loop's own, which come when there is work and go when
//! there is none.
//!
//! The system's resolver blocks, for many seconds where a name server does not answer. The threads are never joined,
//! so none of them can delay the end of the process.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::event_loop::{EventLoop, Inner, Slot};
use crate::exceptions::{Error, ResolveError, Result};
use crate::future::{ConcurrentFuture, Future, wrap_future};
use crate::sys;

/// More names than this at a time wait for their turn.
const THREADS: usize = 4;
/// A thread that has nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(5);

type Addresses = Vec<SocketAddr>;

/// Addresses that are known, or will be.
#[derive(Debug)]
pub(super) enum Lookup {
    Known(Addresses),
    Running { future: Future<Addresses>, asked: Asked },
}

/// What was asked, and when.
#[derive(Debug)]
pub(super) struct Asked {
    event_loop: EventLoop,
    host: String,
    at: Duration,
}

impl Lookup {
    pub(super) fn known(addresses: Addresses) -> Self {
        Self::Known(addresses)
    }

    pub(super) async fn finish(self) -> Result<Addresses> {
        match self {
            Self::Known(addresses) => Ok(addresses),
            Self::Running { future, asked } => {
                let outcome = future.await;
                asked.log();
                outcome
            }
        }
    }
}

impl Asked {
    /// In debug mode, how long the answer took. A slow one is worth more attention.
    fn log(&self) {
        let Self { event_loop, host, at } = self;
        if !event_loop.get_debug() {
            return;
        }
        let took = event_loop.time().saturating_sub(*at);
        let (text, milliseconds) = ("resolving the host", took.as_secs_f64() * 1e3);
        if took >= event_loop.slow_callback_duration() {
            crate::log::record!(info, "{text} {host:?} took {milliseconds:.3} ms");
        } else {
            crate::log::record!(debug, "{text} {host:?} took {milliseconds:.3} ms");
        }
    }
}

/// Asks the system's resolver, on a thread. The running loop must be `event_loop`.
pub(super) fn look_up(event_loop: &EventLoop, host: &str, port: u16) -> Result<Lookup> {
    let found = ConcurrentFuture::new();
    let future = wrap_future(found.clone())?;
    let asked = Asked { event_loop: event_loop.clone(), host: host.to_owned(), at: event_loop.time() };
    let host = host.to_owned();
    let resolver = event_loop.inner().slot::<Resolver>();
    resolver.pool.submit(Box::new(move || {
        // Nobody waits any more if it was cancelled.
        if !found.done() {
            let _ = match sys::resolve(&host, port) {
                Ok(addresses) => found.set_result(addresses),
                Err(error) => found.set_exception(not_resolved(host, error)),
            };
        }
    }))?;
    Ok(Lookup::Running { future, asked })
}

fn not_resolved(host: String, reason: io::Error) -> Error {
    Error::ResolveError(Arc::new(ResolveError { host, reason: Arc::new(reason) }))
}

/// The resolver of one loop.
struct Resolver {
    pool: Arc<Pool>,
}

impl Slot for Resolver {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        Rc::new(Self { pool: Arc::default() })
    }

    fn close(&self) {
        self.pool.close();
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs from one queue.
#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    /// How many of them wait for a job.
    idle: usize,
    closed: bool,
}

impl Pool {
    fn submit(self: &Arc<Self>, job: Job) -> Result<()> {
        let mut state = self.lock();
        state.jobs.push_back(job);
        if state.jobs.len() > state.idle && state.threads < THREADS {
            state.threads += 1;
            let pool = self.clone();
            let spawned = thread::Builder::new().name("asyncio resolver".to_owned()).spawn(move || pool.work());
            if let Err(error) = spawned {
                state.threads -= 1;
                if state.threads == 0 {
                    state.jobs.pop_back();
                    return Err(Error::os_error_at(error, "a thread that resolves host names"));
                }
            }
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// What a thread does until there is nothing left to do.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                job();
                state = self.lock();
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let (woken, waited) = self.changed.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        drop(jobs);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Pool").field("threads", &state.threads).field("jobs", &state.jobs.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_burst_of_jobs_takes_a_few_threads_and_loses_none() {
        let pool = Arc::<Pool>::default();
        let (sender, receiver) = mpsc::channel();
        for number in 0..100 {
            let sender = sender.clone();
            pool.submit(Box::new(move || sender.send(number).unwrap())).unwrap();
            assert!(pool.lock().threads <= THREADS);
        }
        drop(sender);
        let mut numbers: Vec<i32> = receiver.iter().collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..100));
    }

    #[test]
    fn closing_drops_the_jobs_that_wait_and_ends_the_threads() {
        let pool = Arc::<Pool>::default();
        let (release, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        for _ in 0..THREADS {
            let gate = gate.clone();
            pool.submit(Box::new(move || drop(gate.lock().map(|gate| gate.recv())))).unwrap();
        }
        while !pool.lock().jobs.is_empty() {
            thread::yield_now();
        }
        let witness = Arc::new(());
        let held = witness.clone();
        pool.submit(Box::new(move || drop(held))).unwrap();
        pool.close();
        assert_eq!(Arc::strong_count(&witness), 1);
        drop(release);
        while pool.lock().threads > 0 {
            thread::yield_now();
        }
    }
}
