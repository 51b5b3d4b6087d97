//! A job: a function that waits for a thread, and the future of its result.

use std::fmt;
use std::panic::Location;

use super::Executor;
use crate::context::Luggage;
use crate::exceptions::{Error, Result, catch};
use crate::future::ConcurrentFuture;
use crate::task::{TaskOutput, current_task};

/// A function on its way to a thread, as an [`Executor`] gets it.
///
/// Dropping it without running it cancels the future of its result.
pub struct Job {
    work: Box<dyn Work + Send>,
    origin: Origin,
}

/// Who wants a job done: the task, if it was one, and the line.
#[derive(Clone)]
pub(super) struct Origin {
    task: Option<String>,
    location: &'static Location<'static>,
}

/// A job, whatever its types.
trait Work {
    fn run(self: Box<Self>);
    fn fail(self: Box<Self>, error: Error);
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

    pub(super) fn origin(&self) -> Origin {
        self.origin.clone()
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

/// Gives a function to an executor, with what it sees of the caller's context.
pub(super) fn submit<F, R>(
    executor: &dyn Executor,
    function: F,
    luggage: Option<Luggage>,
    location: &'static Location<'static>,
) -> Result<ConcurrentFuture<R::Value>>
where
    F: FnOnce() -> R + Send + 'static,
    R: JobOutput<Value: Send + 'static>,
{
    let future = ConcurrentFuture::new();
    let task = current_task().ok().flatten().map(|task| task.get_name());
    let call = Call { function, luggage: luggage.unwrap_or_default(), answer: Answer(future.clone()) };
    executor.execute(Job { work: Box::new(call), origin: Origin { task, location } })?;
    Ok(future)
}

struct Call<F, T: Send + 'static> {
    function: F,
    luggage: Luggage,
    answer: Answer<T>,
}

impl<F, R> Work for Call<F, R::Value>
where
    F: FnOnce() -> R + Send,
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
}

/// The duty to set a future: it is cancelled if nobody does.
struct Answer<T: Send + 'static>(ConcurrentFuture<T>);

impl<T: Send + 'static> Answer<T> {
    fn give(self, outcome: Result<T>) {
        // Refused only if it was cancelled: then nobody waits.
        let _ = self.0.set(outcome);
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
