//! `ExecutorFuture`: the loop's side of a job in a thread.

use std::fmt;
use std::future::{Future as StdFuture, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::event_loop::{EventLoop, Inner, JobElsewhere};
use crate::exceptions::{Error, Result};
use crate::future::{CallbackId, ConcurrentFuture, Future, FutureAwait, FutureLike, Watch, Watched, chain};
use crate::sealed::Sealed;
use crate::trace::{WaitsFor, waits_for};

/// What [`run_in_executor`](EventLoop::run_in_executor) returns: a future that owns its result, so that this need not
/// be `Clone`.
///
/// Awaiting it gives the result. Dropping it changes nothing: the function runs all the same, and a failure that
/// nobody looks at is reported.
#[must_use = "the function runs, but nobody hears of its result; await it, or drop it on purpose with `drop(…)`"]
pub struct ExecutorFuture<T: Send + 'static> {
    /// Done when the job is; has its failure, not its result.
    signal: Future<()>,
    job: ConcurrentFuture<T>,
    /// What a virtual clock waits for.
    elsewhere: Option<Rc<JobElsewhere>>,
}

impl<T: Send + 'static> ExecutorFuture<T> {
    pub(super) fn new(inner: &Rc<Inner>, job: ConcurrentFuture<T>, location: &'static Location<'static>) -> Self {
        // It is done when this is called, so asking does not block.
        let failure = |job: &ConcurrentFuture<T>| job.exception(None).and_then(|failure| failure.map_or(Ok(()), Err));
        let (signal, elsewhere) = chain(inner, &job, location, failure);
        Self { signal, job, elsewhere }
    }

    /// Whether the function has returned, or the future was cancelled.
    pub fn done(&self) -> bool {
        self.signal.done()
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.signal.cancelled()
    }

    /// Cancels it; false if it is done. A function that has not begun never will; one that runs goes on, and its
    /// result is dropped.
    pub fn cancel(&self) -> bool {
        self.job.cancel();
        self.signal.cancel()
    }

    /// How the function failed, `None` if it has a result.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` while it is not done; `CancelledError` if it was cancelled.
    pub fn exception(&self) -> Result<Option<Error>> {
        self.signal.exception()
    }

    /// The result, taken out.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` while it is not done; `CancelledError` if it was cancelled; its error if it failed.
    pub fn into_result(self) -> Result<T> {
        self.signal.result().and_then(|()| self.job.take())
    }

    /// Calls `callback` once it is done, through the ready queue, in a copy of the current context.
    #[track_caller]
    pub fn add_done_callback(&self, callback: impl FnOnce() + 'static) -> CallbackId {
        self.signal.add_done_callback(move |_| callback())
    }

    /// Takes a callback back; false if it was scheduled or removed before.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        self.signal.remove_done_callback(id)
    }

    /// The loop that it belongs to.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is gone.
    pub fn get_loop(&self) -> Result<EventLoop> {
        self.signal.get_loop()
    }
}

/// What awaiting an [`ExecutorFuture`] awaits.
///
/// # Cancellation
///
/// Cancelling a task that waits here cancels the function if it has not begun. One that runs goes on.
#[must_use = "futures do nothing unless they are awaited"]
pub struct ExecutorFutureAwait<T: Send + 'static> {
    signal: FutureAwait<()>,
    job: ConcurrentFuture<T>,
    elsewhere: Option<Rc<JobElsewhere>>,
}

impl<T: Send + 'static> ExecutorFutureAwait<T> {
    /// Cancels a function that has not begun. Nobody waits for one that has.
    pub(crate) fn abandon(&self) {
        self.job.cancel();
        if let Some(job) = &self.elsewhere {
            job.end();
        }
    }

    /// What it waits for is this, and not a thread.
    #[cfg(feature = "process-pool")]
    pub(crate) fn waits_for(&self, kind: WaitsFor) {
        waits_for(kind, self.signal.address());
    }
}

impl<T: Send + 'static> StdFuture for ExecutorFutureAwait<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let poll = Pin::new(&mut self.signal).poll(cx);
        if poll.is_pending() {
            waits_for(WaitsFor::Thread, self.signal.address());
        }
        ready!(poll)?;
        Poll::Ready(self.job.take())
    }
}

impl<T: Send + 'static> IntoFuture for ExecutorFuture<T> {
    type Output = Result<T>;
    type IntoFuture = ExecutorFutureAwait<T>;

    fn into_future(self) -> ExecutorFutureAwait<T> {
        ExecutorFutureAwait { signal: self.signal.into_future(), job: self.job, elsewhere: self.elsewhere }
    }
}

impl<T: Send + 'static> fmt::Debug for ExecutorFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ExecutorFuture of {:?}: {:?}>", self.job, self.signal)
    }
}

impl<T: Send + 'static> fmt::Debug for ExecutorFutureAwait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorFutureAwait").field("job", &self.job).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Sealed for ExecutorFuture<T> {}

impl<T: Send + 'static> Watched for ExecutorFuture<T> {
    fn watch(&self, watch: Rc<dyn Watch>) -> CallbackId {
        self.signal.watch(watch)
    }

    fn unwatch(&self, id: CallbackId) {
        self.signal.unwatch(id);
    }

    fn failure(&self) -> Option<Error> {
        self.signal.failure()
    }

    fn has_failed(&self) -> bool {
        self.signal.has_failed()
    }

    fn address(&self) -> *const () {
        self.signal.address()
    }

    fn check_loop(&self) -> Result<()> {
        self.signal.check_loop()
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl<T: Send + 'static> FutureLike for ExecutorFuture<T> {
    fn done(&self) -> bool {
        Self::done(self)
    }

    fn cancelled(&self) -> bool {
        Self::cancelled(self)
    }

    fn cancel(&self) -> bool {
        Self::cancel(self)
    }
}
