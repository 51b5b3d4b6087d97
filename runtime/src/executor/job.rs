//! A job: a function that waits for a thread, and the future of its result.

use std::fmt;
use std::panic::Location;

use super::Executor;
#[cfg(feature = "process-pool")]
use super::RemoteJob;
use crate::context::Luggage;
use crate::exceptions::{Error, Result, catch};
use crate::future::ConcurrentFuture;
use crate::task::{TaskOutput, current_task};

/// A function on its way to a thread or another process, as an [`Executor`] gets it.
///
/// Dropping it without running it cancels the future of its result.
pub struct Job {
    work: Box<dyn Work + Send>,
    origin: Origin,
}

/// Who wants a job done: the task, if it was one, and the line.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    task: Option<String>,
    location: &'static Location<'static>,
}

/// A job, whatever its types.
pub(super) trait Work {
    fn run(self: Box<Self>);
    fn fail(self: Box<Self>, error: Error);

    /// The call for another process that this is, or itself again: a closure has no name that another could know.
    #[cfg(feature = "process-pool")]
    fn into_remote(self: Box<Self>) -> Result<RemoteJob, Box<dyn Work + Send>>;
}

impl Job {
    /// Calls the function and sets its future; does nothing if that was cancelled meanwhile.
    ///
    /// A panic in the function is caught, and becomes the future's error.
    pub fn run(self) {
        self.work.run();
    }

    /// Fails the future instead of calling the function.
    pub(super) fn fail(self, error: Error) {
        self.work.fail(error);
    }

    /// The call for another process that this job is.
    ///
    /// # Errors
    ///
    /// The job itself, if it is a closure: that can run in this process only.
    #[cfg(feature = "process-pool")]
    pub fn into_remote(self) -> Result<RemoteJob, Self> {
        let Self { work, origin } = self;
        work.into_remote().map_err(|work| Self { work, origin })
    }

    #[cfg(feature = "process-pool")]
    pub(super) fn new(work: Box<dyn Work + Send>, origin: Origin) -> Self {
        Self { work, origin }
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin.clone()
    }
}

/// What an [`Executor`] can be given: a function without arguments, or, with the feature `process-pool`, the call of one that
/// runs in another process.
pub trait IntoJob {
    /// What the job gives.
    type Value: Send + 'static;

    /// The job, and the future of its result.
    #[doc(hidden)]
    fn into_job(self, errand: Errand) -> (Job, ConcurrentFuture<Self::Value>);
}

/// Who wants a job done, and what goes along with it.
#[derive(Debug)]
pub struct Errand {
    origin: Origin,
    luggage: Luggage,
}

impl Errand {
    pub(super) fn new(luggage: Option<Luggage>, location: &'static Location<'static>) -> Self {
        let task = current_task().ok().flatten().map(|task| task.get_name());
        Self { origin: Origin { task, location }, luggage: luggage.unwrap_or_default() }
    }

    #[cfg(feature = "process-pool")]
    pub(super) fn into_origin(self) -> Origin {
        self.origin
    }
}

impl<F, R> IntoJob for F
where
    F: FnOnce() -> R + Send + 'static,
    R: JobOutput<Value: Send + 'static>,
{
    type Value = R::Value;

    fn into_job(self, errand: Errand) -> (Job, ConcurrentFuture<R::Value>) {
        let future = ConcurrentFuture::new();
        let call = Call { function: self, luggage: errand.luggage, answer: Answer(future.clone()) };
        (Job { work: Box::new(call), origin: errand.origin }, future)
    }
}

/// What a function that runs in a thread gives: `()`, or a `Result` whose error turns into [`Error`].
///
/// Its `Err` is what an exception is in Python: awaiting the job gives one flat [`Result`].
#[diagnostic::on_unimplemented(
    message = "a function that runs in a thread must give `()` or a `Result`, and this one gives `{Self}`",
    label = "gives `{Self}`",
    note = "write `Ok::<_, asyncio::Error>(…)` as its last line; an error of your own needs `.map_err(asyncio::Error::other)`",
    note = "a coroutine belongs on the loop: `asyncio::create_task(…)`"
)]
pub trait JobOutput: TaskOutput {}

impl JobOutput for () {}

impl<T, E: Into<Error>> JobOutput for Result<T, E> {}

/// Gives a job to an executor, with what it sees of the caller's context.
pub(super) fn submit<J: IntoJob>(
    executor: &dyn Executor,
    job: J,
    luggage: Option<Luggage>,
    location: &'static Location<'static>,
) -> Result<ConcurrentFuture<J::Value>> {
    let (job, future) = job.into_job(Errand::new(luggage, location));
    executor.execute(job)?;
    Ok(future)
}

struct Call<F, T: Send + 'static> {
    function: F,
    luggage: Luggage,
    answer: Answer<T>,
}

impl<F, R> Work for Call<F, R::Value>
where
    F: FnOnce() -> R + Send + 'static,
    R: JobOutput<Value: Send + 'static>,
{
    fn run(self: Box<Self>) {
        let Self { function, luggage, answer } = *self;
        if !matches!(answer.0.set_running_or_notify_cancel(), Ok(true)) {
            return;
        }
        // What the function has captured is gone before anybody hears of its result.
        let outcome = catch(|| luggage.unpack(|| function().into_result()));
        answer.give(outcome.unwrap_or_else(|panic| Err(panic.into())));
    }

    fn fail(self: Box<Self>, error: Error) {
        let Self { answer, .. } = *self;
        answer.give(Err(error));
    }

    #[cfg(feature = "process-pool")]
    fn into_remote(self: Box<Self>) -> Result<RemoteJob, Box<dyn Work + Send>> {
        Err(self)
    }
}

/// The duty to set a future: it is cancelled if nobody does.
pub(super) struct Answer<T: Send + 'static>(pub(super) ConcurrentFuture<T>);

impl<T: Send + 'static> Answer<T> {
    /// False: it was cancelled, and nobody waits.
    pub(super) fn give(self, outcome: Result<T>) -> bool {
        self.0.set(outcome).is_ok()
    }
}

impl<T: Send + 'static> Drop for Answer<T> {
    fn drop(&mut self) {
        // Does nothing once it is set.
        self.0.cancel();
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.task {
            Some(task) => write!(f, "a job of task {task:?} at {}", self.location),
            None => write!(f, "a job from {}", self.location),
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Job: {}>", self.origin)
    }
}
