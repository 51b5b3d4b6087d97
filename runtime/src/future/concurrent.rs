//! `ConcurrentFuture`: a future that another thread sets, and `wrap_future`, which chains it to the loop.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Future;
use crate::event_loop::{LoopHandle, get_running_loop};
use crate::exceptions::{CancelledError, Error, Result};

/// A result that another thread will set. Python: `concurrent.futures.Future`.
///
/// Any thread may set it, cancel it, or block until it is there; a task awaits it through [`wrap_future`].
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
}

struct State<T> {
    outcome: Option<Result<T>>,
    /// What tells a loop; called once, with the lock released.
    tell: Vec<Box<dyn FnOnce() + Send>>,
}

impl<T: Clone + Send + 'static> ConcurrentFuture<T> {
    /// A pending one.
    pub fn new() -> Self {
        let state = Mutex::new(State { outcome: None, tell: Vec::new() });
        Self { shared: Arc::new(Shared { state, changed: Condvar::new() }) }
    }

    /// Sets the result.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` if it is done already, which may mean that it was cancelled.
    pub fn set_result(&self, result: T) -> Result<()> {
        self.finish(Ok(result))
    }

    /// Sets the error.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` if it is done already, which may mean that it was cancelled.
    pub fn set_exception(&self, exception: impl Into<Error>) -> Result<()> {
        self.finish(Err(exception.into()))
    }

    /// Cancels it; false if it is done.
    pub fn cancel(&self) -> bool {
        self.finish(Err(CancelledError::default().into())).is_ok()
    }

    /// Whether it is done.
    pub fn done(&self) -> bool {
        self.lock().outcome.is_some()
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        matches!(&self.lock().outcome, Some(Err(error)) if error.is_cancelled())
    }

    /// Blocks this thread until the result is there; at most `timeout`, `None` for ever.
    ///
    /// Never call it on a thread that runs a loop: nothing else would run until it returns.
    ///
    /// # Errors
    ///
    /// `TimeoutError` if it did not come in time, and the future goes on; else what was set.
    pub fn result(&self, timeout: impl Into<Option<Duration>>) -> Result<T> {
        let deadline = timeout.into().and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.lock();
        loop {
            if let Some(outcome) = &state.outcome {
                return outcome.clone();
            }
            state = match deadline {
                None => self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(crate::exceptions::TimeoutError::new().into());
                    }
                    self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn finish(&self, outcome: Result<T>) -> Result<()> {
        let mut state = self.lock();
        if state.outcome.is_some() {
            return Err(Error::invalid_state("the concurrent future is done already; was it cancelled?"));
        }
        state.outcome = Some(outcome);
        let tell = std::mem::take(&mut state.tell);
        drop(state);
        self.shared.changed.notify_all();
        tell.into_iter().for_each(|tell| tell());
        Ok(())
    }

    /// Calls `tell` once it is done; at once if it is.
    fn when_done(&self, tell: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        if state.outcome.is_none() {
            return state.tell.push(Box::new(tell));
        }
        drop(state);
        tell();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Chains a concurrent future to one of the running loop, in both directions. Python: `asyncio.wrap_future()`.
///
/// Result, exception and cancellation come to the loop's side through
/// [`call_soon_threadsafe`](LoopHandle::call_soon_threadsafe); cancelling the loop's side cancels the other. After the
/// loop was closed nothing comes any more.
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread.
#[track_caller]
pub fn wrap_future<T: Clone + Send + 'static>(concurrent: ConcurrentFuture<T>) -> Result<Future<T>> {
    let event_loop = get_running_loop()?;
    let future = Future::on(event_loop.inner().clone(), Location::caller());
    let other_side = concurrent.clone();
    future.add_done_callback(move |future| {
        if future.cancelled() {
            other_side.cancel();
        }
    });
    // The future stays on its thread: what travels is its key in the loop's table of wrapped futures.
    let key = super::wrapped::insert(event_loop.inner(), future.clone(), concurrent.clone());
    let handle: LoopHandle = event_loop.handle();
    concurrent.when_done(move || {
        // A closed loop has dropped the table: nobody waits.
        let _ = handle.call_soon_threadsafe(move || super::wrapped::complete(key));
    });
    Ok(future)
}

impl<T> Clone for ConcurrentFuture<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T: Clone + Send + 'static> Default for ConcurrentFuture<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for ConcurrentFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).outcome.is_some();
        f.debug_struct("ConcurrentFuture").field("done", &done).finish()
    }
}
