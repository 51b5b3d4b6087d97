//! The handle of a scope's child.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::exceptions::Result;
use crate::task::{AnyTask, Task, TaskAwait};

/// A child of a [`scope`](crate::scope()): awaiting it gives its result.
///
/// What every task can do, such as being cancelled, stands with [`AnyTask`], to which this dereferences. Dropping it
/// changes nothing: the scope waits for the child.
pub struct ScopedTask<'env, T> {
    task: Task<()>,
    /// Set when it has ended well. Not in the task's block, for it may borrow.
    value: Rc<Cell<Option<T>>>,
    env: PhantomData<&'env ()>,
}

impl<T> ScopedTask<'_, T> {
    pub(super) fn new(task: Task<()>, value: Rc<Cell<Option<T>>>) -> Self {
        Self { task, value, env: PhantomData }
    }
}

impl<T> Deref for ScopedTask<'_, T> {
    type Target = AnyTask;

    fn deref(&self) -> &AnyTask {
        &self.task
    }
}

impl<'env, T> IntoFuture for ScopedTask<'env, T> {
    type Output = Result<T>;
    type IntoFuture = ScopedTaskAwait<'env, T>;

    fn into_future(self) -> ScopedTaskAwait<'env, T> {
        ScopedTaskAwait { task: self.task.into_future(), value: self.value, env: PhantomData }
    }
}

/// What awaiting a [`ScopedTask`] awaits.
///
/// # Cancellation
///
/// Cancels the child.
#[must_use = "futures do nothing unless they are awaited"]
pub struct ScopedTaskAwait<'env, T> {
    task: TaskAwait<()>,
    value: Rc<Cell<Option<T>>>,
    env: PhantomData<&'env ()>,
}

impl<T> Future for ScopedTaskAwait<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        ready!(Pin::new(&mut self.task).poll(cx))?;
        Poll::Ready(Ok(self.value.take().expect("a child that has ended well has set its value")))
    }
}

impl<T> fmt::Debug for ScopedTask<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}

impl<T> fmt::Debug for ScopedTaskAwait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}
