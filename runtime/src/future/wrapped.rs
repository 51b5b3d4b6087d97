//! `wrap_future`: chains what another thread will set to a future of the loop.

use std::panic::Location;
use std::rc::Rc;

use super::{ConcurrentFuture, Future, parked};
use crate::event_loop::{Inner, JobElsewhere, get_running_loop};
use crate::exceptions::{Error, Result};

/// Chains a concurrent future to one of the running loop, in both directions. Python: `asyncio.wrap_future()`.
///
/// Result, exception and cancellation come to the loop's side through
/// [`call_soon_threadsafe`](crate::LoopHandle::call_soon_threadsafe); cancelling the loop's side cancels the other. After
/// the loop was closed nothing comes any more.
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread.
#[track_caller]
pub fn wrap_future<T: Clone + Send + 'static>(concurrent: ConcurrentFuture<T>) -> Result<Future<T>> {
    let event_loop = get_running_loop()?;
    // It is done when this is called, so asking for the result does not block.
    let (future, _) = chain(event_loop.inner(), &concurrent, Location::caller(), |concurrent| concurrent.result(None));
    Ok(future)
}

/// A future of the loop that gets what `bring` makes of a concurrent one once that is done; and the job that a virtual
/// clock waits for until one of them is.
pub(crate) fn chain<T: Send + 'static, U: 'static>(
    inner: &Rc<Inner>,
    concurrent: &ConcurrentFuture<T>,
    location: &'static Location<'static>,
    bring: impl FnOnce(&ConcurrentFuture<T>) -> Result<U> + 'static,
) -> (Future<U>, Option<Rc<JobElsewhere>>) {
    let future = Future::on(inner.clone(), location);
    // What the loop does itself may be waiting for the time to come.
    let job = if concurrent.is_set_here() { None } else { inner.begin_elsewhere(location) };
    let (other_side, ended) = (concurrent.clone(), job.clone());
    future.add_done_callback(move |future| {
        if let Some(job) = ended {
            job.end();
        }
        if let Some(cancelled) = future.cancelled_error() {
            other_side.cancel_because(cancelled);
        }
    });
    let (waiting, done) = (future.clone(), concurrent.clone());
    let key = parked::park(inner, move || {
        if waiting.done() {
            return;
        }
        let set = match bring(&done) {
            Ok(result) => waiting.set_result(result),
            Err(Error::CancelledError(cancelled)) => {
                waiting.cancel_because(cancelled);
                Ok(())
            }
            Err(error) => waiting.set_exception(error),
        };
        set.expect("it was not done a moment ago, and nothing ran in between");
    });
    let event_loop = inner.handle();
    concurrent.when_done(move |_| key.call_on(&event_loop));
    (future, job)
}
