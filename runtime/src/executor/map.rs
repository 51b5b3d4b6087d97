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
    futures: VecDeque<ConcurrentFuture<T>>,
    deadline: Option<Instant>,
}

impl<T: Send + 'static> Map<T> {
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        // A deadline beyond what the clock can count is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { futures: VecDeque::new(), deadline }
    }

    pub(super) fn push(&mut self, future: ConcurrentFuture<T>) {
        self.futures.push_back(future);
    }
}

impl<T: Send + 'static> Iterator for Map<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let future = self.futures.pop_front()?;
        // The future is this iterator's own, so its result can be taken out.
        let result = future.exception(left).and_then(|_| future.take());
        if result.is_err() {
            future.cancel();
            for rest in self.futures.drain(..) {
                rest.cancel();
            }
        }
        Some(result)
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
