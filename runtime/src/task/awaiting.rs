//! Awaiting a task: the leaf.

use std::future::{Future as StdFuture, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::Task;
use super::any::AnyTask;
use super::waker::{self, SeenFrom};
use crate::cancellation::{Awaited, Relay, is_marked};
use crate::event_loop::Inner;
use crate::exceptions::{Error, Result};
use crate::future::Place;
use crate::trace::{WaitsFor, waits_for};

/// What `task.await` awaits.
///
/// # Cancellation
///
/// Cancelling a task that waits here cancels the task it waits for, and it leaves when that has ended. Use
/// [`shield`](crate::shield) to keep the other task.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct TaskAwait<T: 'static> {
    /// `None` once it was taken out.
    task: Option<Task<T>>,
    wait: Wait,
}

impl<T: 'static> StdFuture for TaskAwait<T> {
    type Output = Result<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let task = this.task.as_mut().expect("a future is not polled after it has ended");
        ready!(this.wait.poll(task, cx))?;
        Poll::Ready(task.take())
    }
}

impl<T: 'static> Unpin for TaskAwait<T> {}

impl<T: 'static> TaskAwait<T> {
    /// Whether the task is one of this loop.
    pub(super) fn is_of(&self, inner: &Rc<Inner>) -> bool {
        self.task.as_ref().is_some_and(|task| Rc::ptr_eq(task.task().header().task_loop.inner(), inner))
    }

    /// The task, if it is not to be awaited after all.
    pub(super) fn into_task(mut self) -> Task<T> {
        let task = self.task.take().expect("it is taken only here, with the whole");
        self.wait.leave(&task);
        task
    }
}

impl<T: 'static> Drop for TaskAwait<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            self.wait.leave(task);
        }
    }
}

/// What `(&task).await` awaits: the result is cloned.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct TaskAwaitRef<'a, T: 'static> {
    task: &'a Task<T>,
    wait: Wait,
}

impl<T: Clone> StdFuture for TaskAwaitRef<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        ready!(this.wait.poll(this.task, cx))?;
        Poll::Ready(this.task.result())
    }
}

impl<T: 'static> Drop for TaskAwaitRef<'_, T> {
    fn drop(&mut self) {
        self.wait.leave(self.task);
    }
}

/// The wait for a task's end, whatever its type. Its owner calls [`leave`](Self::leave) before it goes.
#[derive(Debug, Default)]
struct Wait {
    place: Place,
    relay: Relay,
}

impl Wait {
    #[inline]
    fn poll(&mut self, task: &AnyTask, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let header = task.task().header();
        if !header.state.is_done() {
            if !self.place.is_taken() {
                never_ends(task)?;
            }
            header.waiters.with(|waiters| waiters.wait(&mut self.place, cx));
            let target = || Awaited::Task(waker::target(task.task().clone()));
            self.relay.pending(task.task().address().as_ptr(), target);
            waits_for(WaitsFor::Task, task.task().address().addr().get());
            return Poll::Pending;
        }
        if self.place.is_taken() && is_marked() {
            return Poll::Pending;
        }
        if self.relay.done(|| task.cancelled_error()) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Leaves the waiters of the task, if it stands among them.
    #[inline]
    fn leave(&mut self, task: &AnyTask) {
        // Once the task is done it has let go of them.
        if self.place.is_taken() && !task.task().header().state.is_done() {
            let waiter = task.task().header().waiters.with(|waiters| waiters.leave(&mut self.place));
            drop(waiter);
        }
    }
}

/// An error if the task is of another loop than the one that is being polled.
pub(super) fn check_loop(task: &AnyTask) -> Result<()> {
    match waker::seen_from_current(task.task()) {
        SeenFrom::ItsLoop | SeenFrom::Itself => Ok(()),
        SeenFrom::AnotherLoop => never_ends(task),
    }
}

/// An error if waiting for this task, here, could never end.
#[inline]
fn never_ends(task: &AnyTask) -> Result<()> {
    let why = match waker::seen_from_current(task.task()) {
        SeenFrom::ItsLoop => return Ok(()),
        SeenFrom::Itself => "awaits itself, which can never end",
        SeenFrom::AnotherLoop => "is another event loop's, which cannot run while this one does",
    };
    Err(Error::runtime_error(format!("task {:?} {why}", task.get_name())))
}

impl<T: 'static> IntoFuture for Task<T> {
    type Output = Result<T>;
    type IntoFuture = TaskAwait<T>;

    #[inline]
    fn into_future(self) -> TaskAwait<T> {
        TaskAwait { task: Some(self), wait: Wait::default() }
    }
}

impl<'a, T: Clone + 'static> IntoFuture for &'a Task<T> {
    type Output = Result<T>;
    type IntoFuture = TaskAwaitRef<'a, T>;

    fn into_future(self) -> TaskAwaitRef<'a, T> {
        TaskAwaitRef { task: self, wait: Wait::default() }
    }
}
