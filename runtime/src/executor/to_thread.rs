//! `to_thread`: a blocking function in a thread, with the context of the task that waits for it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::default::run_in_executor;
use super::{ExecutorFuture, ExecutorFutureAwait, JobOutput};
use crate::context::Luggage;
use crate::event_loop::{Inner, current_inner};
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
pub fn to_thread<F, R>(function: F) -> ToThread<R::Value>
where
    F: FnOnce() -> R + Send + 'static,
    R: JobOutput<Value: Send + 'static>,
{
    let location = Location::caller();
    let submit = move |inner: &Rc<Inner>| run_in_executor(inner, None, function, Some(Luggage::pack()), location);
    ToThread { stage: Stage::New(Box::new(submit)), location }
}

/// What [`to_thread`] returns.
#[must_use = "the function is not called until this is awaited: write `.await`"]
pub struct ToThread<T: Send + 'static> {
    stage: Stage<T>,
    location: &'static Location<'static>,
}

/// Submits the function.
type Submit<T> = Box<dyn FnOnce(&Rc<Inner>) -> Result<ExecutorFuture<T>>>;

enum Stage<T: Send + 'static> {
    New(Submit<T>),
    Waiting(ExecutorFutureAwait<T>),
    Done,
}

impl<T: Send + 'static> Future for ToThread<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let mut waiting = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::New(submit) => begin(submit)?,
            Stage::Waiting(waiting) => waiting,
            Stage::Done => panic!("to_thread was polled after it had ended"),
        };
        let poll = Pin::new(&mut waiting).poll(cx);
        if poll.is_pending() {
            self.stage = Stage::Waiting(waiting);
        }
        poll
    }
}

fn begin<T: Send + 'static>(submit: Submit<T>) -> Result<ExecutorFutureAwait<T>> {
    let inner = current_inner(|inner| inner.cloned())
        .ok_or_else(|| Error::runtime_error("to_thread needs a running event loop; await it inside asyncio::run(…)"))?;
    submit(&inner).map(IntoFuture::into_future)
}

impl<T: Send + 'static> Drop for ToThread<T> {
    fn drop(&mut self) {
        if let Stage::Waiting(waiting) = &self.stage {
            waiting.abandon();
        }
    }
}

impl<T: Send + 'static> fmt::Debug for ToThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New(_) => "new",
            Stage::Waiting(_) => "waiting",
            Stage::Done => "done",
        };
        write!(f, "ToThread({stage}, called at {})", self.location)
    }
}
