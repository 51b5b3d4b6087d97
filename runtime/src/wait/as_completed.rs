//! `as_completed`: tasks in the order in which they end.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future as StdFuture, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::children::ValueOf;
use super::gather::child_at;
use super::sleep::{Sleep, sleep};
use crate::cancellation::is_marked;
use crate::event_loop::get_running_loop;
use crate::exceptions::{Result, TimeoutError};
use crate::future::{CallbackId, FutureLike, Watch, Watched};
use crate::handle::LocalWaker;
use crate::task::{Task, TaskOutput};
use crate::trace::{WaitsFor, address_of, waits_for};

/// Runs many things at once and gives them back as they end, by [`AsCompleted::next`]. Python:
/// `asyncio.as_completed()`.
///
/// What is passed becomes a task at the call, unless it is one; given back are the very tasks. Leaving the loop early
/// leaves the others running.
///
/// # Panics
///
/// If no loop runs on this thread.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let after = |millis| async move {
///         asyncio::sleep(Duration::from_millis(millis)).await;
///         Ok::<_, asyncio::Error>(millis)
///     };
///     let mut done = asyncio::as_completed([after(20), after(1)]);
///     let mut order = Vec::new();
///     while let Some(task) = done.next().await {
///         order.push(task?.await?);
///     }
///     assert_eq!(order, [1, 20]);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn as_completed<I>(awaitables: I) -> AsCompleted<ValueOf<I::Item>>
where
    I: IntoIterator<Item: IntoFuture<Output: TaskOutput, IntoFuture: 'static>>,
{
    let location = Location::caller();
    let ended = Rc::new(Ended { order: RefCell::default(), waker: Cell::new(None) });
    let tasks: Vec<_> = awaitables.into_iter().map(|awaitable| child_at(awaitable, location)).collect();
    let pending = tasks.into_iter().map(|task| {
        let address = task.address();
        let id = if task.done() {
            ended.order.borrow_mut().push_back(address);
            None
        } else {
            Some(task.watch(ended.clone()))
        };
        (address, (task, id))
    });
    AsCompleted { pending: pending.collect(), ended, timeout: None, late: 0, waited: false }
}

/// What [`as_completed`] returns: an async iterator of tasks that are done.
#[must_use = "the tasks run, but nobody waits for them: call `.next().await`"]
pub struct AsCompleted<T: 'static> {
    pending: HashMap<*const (), (Task<T>, Option<CallbackId>)>,
    ended: Rc<Ended>,
    timeout: Option<Timeout>,
    /// How many were not done at the deadline, and were not spoken of yet.
    late: usize,
    /// Somebody was told to wait, and has not been told of the next one yet.
    waited: bool,
}

enum Timeout {
    At(Duration),
    Running(Sleep),
}

/// Notes who has ended, in order.
struct Ended {
    order: RefCell<VecDeque<*const ()>>,
    waker: Cell<Option<LocalWaker>>,
}

impl Watch for Ended {
    fn ended(&self, subject: &dyn Watched) {
        self.order.borrow_mut().push_back(subject.address());
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl<T: 'static> AsCompleted<T> {
    /// Gives `TimeoutError` for each task that is not done after this time, which counts from now. The tasks run on.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        let now = get_running_loop().map_or(Duration::ZERO, |event_loop| event_loop.time());
        self.timeout = timeout.into().map(|timeout| Timeout::At(now.saturating_add(timeout)));
        self
    }

    /// The next task that is done, or `None` after the last one.
    ///
    /// # Errors
    ///
    /// `TimeoutError`, once for each task that was not done at the deadline.
    ///
    /// # Cancellation
    ///
    /// Loses no task: the next call gives it.
    #[expect(clippy::should_implement_trait, reason = "the async form of that very method")]
    pub fn next(&mut self) -> Next<'_, T> {
        self.waited = false;
        Next { tasks: self }
    }

    /// Takes out one that is done.
    fn take(&mut self) -> Option<Task<T>> {
        let address = self.ended.order.borrow_mut().pop_front()?;
        self.pending.remove(&address).map(|(task, _)| task)
    }

    /// Whether the deadline has passed; if not, the context is woken then.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(Timeout::At(when)) = self.timeout {
            let now = get_running_loop().map_or(Duration::ZERO, |event_loop| event_loop.time());
            self.timeout = Some(Timeout::Running(sleep(when.saturating_sub(now))));
        }
        match &mut self.timeout {
            Some(Timeout::Running(sleep)) => Pin::new(sleep).poll(cx).is_ready(),
            _ => false,
        }
    }

    fn poll_one(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Task<T>>>> {
        if self.waited && is_marked() {
            return Poll::Pending;
        }
        let next = match self.take() {
            Some(task) => Some(Ok(task)),
            None => {
                if !self.pending.is_empty() && self.is_over(cx) {
                    self.late = self.pending.len();
                    self.unwatch();
                }
                if self.late == 0 && !self.pending.is_empty() {
                    self.waited = true;
                    self.ended.waker.set(Some(LocalWaker::new(cx)));
                    waits_for(WaitsFor::Several, address_of(&*self.ended));
                    return Poll::Pending;
                }
                let late = self.late > 0;
                self.late = self.late.saturating_sub(1);
                late.then(|| Err(TimeoutError::default().into()))
            }
        };
        self.waited = false;
        Poll::Ready(next)
    }

    fn unwatch(&mut self) {
        for (_, (task, id)) in self.pending.drain() {
            if let Some(id) = id.filter(|_| !task.done()) {
                task.unwatch(id);
            }
        }
    }
}

/// What [`AsCompleted::next`] returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct Next<'a, T: 'static> {
    tasks: &'a mut AsCompleted<T>,
}

impl<T: 'static> StdFuture for Next<'_, T> {
    type Output = Option<Result<Task<T>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.tasks.poll_one(cx)
    }
}

impl<T: 'static> Unpin for AsCompleted<T> {}

/// For combinators; [`AsCompleted::next`] needs none.
impl<T: 'static> Stream for AsCompleted<T> {
    type Item = Result<Task<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_one(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.pending.len() + self.late;
        (left, Some(left))
    }
}

impl<T: 'static> Drop for AsCompleted<T> {
    fn drop(&mut self) {
        self.unwatch();
    }
}

impl<T: 'static> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.pending.len()).finish_non_exhaustive()
    }
}
