//! `shield`: a cancel of whoever waits does not reach what is awaited.

use std::future::{Future as StdFuture, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::event_loop::current_inner;
use crate::exceptions::{Error, Result};
use crate::future::{Future, FutureAwait};
use crate::task::{Task, TaskOptions, TaskOutput, ensure_on};
use crate::trace::{WaitsFor, waits_for};

/// Waits for something that shall go on if the waiter is cancelled. Python: `asyncio.shield()`.
///
/// What is passed becomes a task of its own at the call, unless it is one. Cancelling the waiter leaves it running;
/// its own cancellation reaches the waiter as `CancelledError`. Once the waiter has left, a failure of it is reported
/// through the exception handler, for nobody else will see it.
///
/// # Errors
///
/// What the inner one failed with.
///
/// # Panics
///
/// If no loop runs on this thread.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let save = asyncio::create_task(async { Ok::<_, asyncio::Error>("saved") });
///     assert_eq!(asyncio::shield(save).await?, "saved");
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn shield<A>(awaitable: A) -> Shield<<A::Output as TaskOutput>::Value>
where
    A: IntoFuture<Output: TaskOutput, IntoFuture: 'static>,
{
    let location = Location::caller();
    let started = current_inner(|inner| {
        let inner = inner.ok_or_else(|| Error::runtime_error("no event loop is running on this thread"))?;
        let task = ensure_on(inner, awaitable.into_future(), TaskOptions::default(), location)?;
        let done = Future::on(inner.clone(), location);
        let tell = done.clone();
        task.add_done_callback(move |_| {
            // The waiter has left if it is done: then there is nobody to tell.
            let _ = tell.set_result(());
        });
        Ok((task, done))
    });
    let (task, done) = started.unwrap_or_else(|error: Error| panic!("shield: {error}; call it inside asyncio::run(…)"));
    Shield { task: Some(task), done: done.into_future() }
}

/// What [`shield`] returns.
#[derive(Debug)]
#[must_use = "what is shielded runs, but nobody waits for it: write `.await`"]
pub struct Shield<T: 'static> {
    task: Option<Task<T>>,
    /// Set at the end of the task; a cancel of the waiter cancels this one instead of the task.
    done: FutureAwait<()>,
}

impl<T: 'static> Unpin for Shield<T> {}

impl<T: 'static> StdFuture for Shield<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let poll = Pin::new(&mut self.done).poll(cx);
        if let (Poll::Pending, Some(task)) = (&poll, &self.task) {
            // Not the future between: that is nobody's to see.
            waits_for(WaitsFor::Task, task.node());
        }
        ready!(poll)?;
        let task = self.task.take().expect("a future is not polled after it has ended");
        Poll::Ready(task.into_result())
    }
}
