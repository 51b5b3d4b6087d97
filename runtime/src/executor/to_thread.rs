//! `to_thread`: a blocking function in a thread, with the context of the task that waits for it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::default::run_in_executor;
use super::{ExecutorFutureAwait, JobOutput};
use crate::context::Luggage;
use crate::event_loop::current_inner;
use crate::exceptions::{Error, Result};

/// Calls a blocking function in a thread of the default executor, and waits for it. Python: `asyncio.to_thread()`.
///
/// It begins when it is awaited. The function sees clones of the values of the current [context
/// variables](crate::ContextVar); what it sets stays in the thread. It gives `()` or a `Result`; a computation ends
/// with `Ok::<_, asyncio::Error>(…)`.
///
/// # Errors
///
/// What the function failed with; [`Error::Panic`], which says where, if it panicked. `RuntimeError` if no loop runs on
/// this thread, or the default executor was shut down.
///
/// # Cancellation
///
/// A function that has not begun never will. One that runs cannot be stopped: the task leaves, the thread goes on, and
/// its result is dropped. Dropping the future is as cancelling it.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let manifest = asyncio::to_thread(|| std::fs::read_to_string("Cargo.toml")).await?;
///     assert!(manifest.contains("asyncio"));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn to_thread<F, R>(function: F) -> ToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: JobOutput<Value: Send + 'static>,
{
    ToThread { stage: Stage::New(function), location: Location::caller() }
}

/// What [`to_thread`] returns.
#[must_use = "the function is not called until this is awaited: write `.await`"]
pub struct ToThread<F, R: JobOutput<Value: Send + 'static>> {
    stage: Stage<F, R>,
    location: &'static Location<'static>,
}

enum Stage<F, R: JobOutput<Value: Send + 'static>> {
    New(F),
    Waiting(ExecutorFutureAwait<R::Value>),
    Done,
}

impl<F, R: JobOutput<Value: Send + 'static>> Unpin for ToThread<F, R> {}

impl<F, R> Future for ToThread<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: JobOutput<Value: Send + 'static>,
{
    type Output = Result<R::Value>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Stage::New(_) = this.stage {
            if let Stage::New(function) = std::mem::replace(&mut this.stage, Stage::Done) {
                this.stage = Stage::Waiting(start(function, this.location)?);
            }
        }
        let Stage::Waiting(waiting) = &mut this.stage else { panic!("to_thread was polled after it had ended") };
        let outcome = ready!(Pin::new(waiting).poll(cx));
        this.stage = Stage::Done;
        Poll::Ready(outcome)
    }
}

fn start<F, R>(function: F, location: &'static Location<'static>) -> Result<ExecutorFutureAwait<R::Value>>
where
    F: FnOnce() -> R + Send + 'static,
    R: JobOutput<Value: Send + 'static>,
{
    let inner = current_inner(|inner| inner.cloned())
        .ok_or_else(|| Error::runtime_error("to_thread needs a running event loop; await it inside asyncio::run(…)"))?;
    Ok(run_in_executor(&inner, None, function, Some(Luggage::pack()), location)?.into_future())
}

impl<F, R: JobOutput<Value: Send + 'static>> Drop for ToThread<F, R> {
    fn drop(&mut self) {
        if let Stage::Waiting(waiting) = &self.stage {
            waiting.abandon();
        }
    }
}

impl<F, R: JobOutput<Value: Send + 'static>> fmt::Debug for ToThread<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New(_) => "new",
            Stage::Waiting(_) => "waiting",
            Stage::Done => "done",
        };
        write!(f, "ToThread({stage}, called at {})", self.location)
    }
}
