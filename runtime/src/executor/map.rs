//! What `Executor::map` returns: results in the order of the items, whichever was ready first.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::exceptions::Result;
use crate::future::ConcurrentFuture;

/// The results of [`Executor::map`](super::Executor::map), in the order of the items.
///
/// [`next`](Iterator::next) blocks its thread. The first item that fails, or does not come in time, ends the iteration,
/// as an exception does in Python. Dropping it cancels what has not begun.
#[must_use = "the jobs run; iterate to get their results"]
pub struct Map<T: Send + 'static> {
    futures: VecDeque<Pending<T>>,
    /// Results of a chunk that is done.
    ready: std::vec::IntoIter<T>,
    deadline: Option<Instant>,
}

/// What gives the next result, or the next ones.
enum Pending<T: Send + 'static> {
    One(ConcurrentFuture<T>),
    #[cfg(feature = "process-pool")]
    Chunk(ConcurrentFuture<Vec<T>>),
}

impl<T: Send + 'static> Pending<T> {
    /// Waits for it. The future is this iterator's own, so its result can be taken out.
    fn take(&self, left: Option<Duration>) -> Result<Vec<T>> {
        match self {
            Self::One(future) => future.exception(left).and_then(|_| future.take()).map(|result| vec![result]),
            #[cfg(feature = "process-pool")]
            Self::Chunk(future) => future.exception(left).and_then(|_| future.take()),
        }
    }

    fn cancel(&self) {
        match self {
            Self::One(future) => future.cancel(),
            #[cfg(feature = "process-pool")]
            Self::Chunk(future) => future.cancel(),
        };
    }
}

impl<T: Send + 'static> Map<T> {
    pub(crate) fn new(timeout: Option<Duration>) -> Self {
        // A deadline beyond what the clock can count is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { futures: VecDeque::new(), ready: Vec::new().into_iter(), deadline }
    }

    pub(crate) fn push(&mut self, future: ConcurrentFuture<T>) {
        self.futures.push_back(Pending::One(future));
    }

    #[cfg(feature = "process-pool")]
    pub(crate) fn push_chunk(&mut self, future: ConcurrentFuture<Vec<T>>) {
        self.futures.push_back(Pending::Chunk(future));
    }
}

impl<T: Send + 'static> Iterator for Map<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(result) = self.ready.next() {
                return Some(Ok(result));
            }
            let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let pending = self.futures.pop_front()?;
            match pending.take(left) {
                Ok(results) => self.ready = results.into_iter(),
                Err(error) => {
                    pending.cancel();
                    self.futures.drain(..).for_each(|rest| rest.cancel());
                    return Some(Err(error));
                }
            }
        }
    }
}

impl<T: Send + 'static> Drop for Map<T> {
    fn drop(&mut self) {
        for future in &self.futures {
            future.cancel();
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Map<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("left", &self.futures.len()).finish_non_exhaustive()
    }
}
