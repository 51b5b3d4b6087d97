//! `run_coroutine_threadsafe`: a coroutine on a loop, for another thread.

use std::future::IntoFuture;
use std::panic::Location;

use crate::event_loop::{ExceptionContext, Inner, LoopHandle, current_inner};
use crate::exceptions::{CancelledError, Error, Result, catch};
use crate::future::{ConcurrentFuture, park};
use crate::task::{TaskOptions, TaskOutput, ensure_on};

/// Runs a coroutine on a loop from another thread, and returns the future of its result. Python:
/// `asyncio.run_coroutine_threadsafe()`.
///
/// A coroutine stays on its loop's thread here, so what is passed is the function that makes it there: usually an
/// `async move || …` closure. Block on the future with [`result`](ConcurrentFuture::result); a `timeout` of that
/// leaves the coroutine running, [`cancel`](ConcurrentFuture::cancel) cancels its task. If the loop is closed before
/// the coroutine is done the future gets a `RuntimeError`, so that no thread waits for ever.
///
/// # Errors
///
/// `RuntimeError` if the loop is closed, or in a child of the process that made it. What the coroutine fails with,
/// panics and cancels included, is the future's.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let handle = asyncio::get_running_loop()?.handle();
///     let sum = asyncio::to_thread(move || {
///         let add = async move || {
///             asyncio::sleep(Duration::from_millis(1)).await;
///             Ok::<_, asyncio::Error>(1 + 2)
///         };
///         asyncio::run_coroutine_threadsafe(add, &handle)?.result(Duration::from_secs(10))
///     });
///     assert_eq!(sum.await?, 3);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn run_coroutine_threadsafe<M, A>(
    make: M,
    event_loop: &LoopHandle,
) -> Result<ConcurrentFuture<<A::Output as TaskOutput>::Value>>
where
    M: FnOnce() -> A + Send + 'static,
    A: IntoFuture<Output: TaskOutput<Value: Send + 'static>, IntoFuture: 'static>,
{
    let location = Location::caller();
    let future = ConcurrentFuture::set_on(event_loop.clone());
    let promise = Promise(future.clone());
    let handle = event_loop.clone();
    event_loop.call_soon_threadsafe(move || start(make, promise, &handle, location))?;
    Ok(future)
}

/// Makes the coroutine, on the loop's thread, and chains its task to the future.
fn start<M, A>(
    make: M,
    promise: Promise<<A::Output as TaskOutput>::Value>,
    event_loop: &LoopHandle,
    location: &'static Location<'static>,
) where
    M: FnOnce() -> A,
    A: IntoFuture<Output: TaskOutput<Value: Send + 'static>, IntoFuture: 'static>,
{
    let inner = current_inner(|inner| inner.cloned()).expect("a callback runs on its running loop");
    if promise.0.cancelled() {
        return;
    }
    let made = catch(|| ensure_on(&inner, make().into_future(), TaskOptions::default(), location));
    let task = match made {
        Ok(Ok(task)) => task,
        Ok(Err(error)) => return promise.keep(Err(error)),
        Err(panic) => {
            report(&inner, panic.clone().into(), location);
            return promise.keep(Err(panic.into()));
        }
    };
    let (cancelled, outcome) = (task.as_any(), promise.0.clone());
    let key = park(&inner, move || {
        cancelled.request(outcome.cancelled_error().and_then(CancelledError::into_message));
    });
    let event_loop = event_loop.clone();
    promise.0.when_done(move |future| {
        if future.cancelled() {
            key.call_on(&event_loop);
        }
    });
    // A loop that is closed drops the callback, and the promise with it.
    let any = task.as_any();
    any.add_done_callback(move |_| {
        key.forget(&inner);
        promise.keep(task.into_result());
    });
}

fn report(inner: &Inner, error: Error, location: &'static Location<'static>) {
    let message = "the coroutine of run_coroutine_threadsafe could not be made";
    inner.call_exception_handler(ExceptionContext::new(message).exception(error).source(location).code("ASY0003"));
}

/// The duty of a loop to set a future, which it cannot do once it is closed.
struct Promise<T: Send + 'static>(ConcurrentFuture<T>);

impl<T: Send + 'static> Promise<T> {
    fn keep(self, outcome: Result<T>) {
        // Refused only if it was cancelled: then nobody waits.
        let _ = self.0.set(outcome);
    }
}

impl<T: Send + 'static> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.0.done() {
            // Another thread may cancel it at this very moment.
            let _ =
                self.0.set_exception(Error::runtime_error("the event loop was closed before the coroutine was done"));
        }
    }
}
