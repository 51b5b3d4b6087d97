//! `TaskGroup`: tasks that belong together, one of which fails for all.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

use crate::coroutine::on_purpose;
use crate::event_loop::{ExceptionContext, Inner, current_inner};
use crate::exceptions::{Error, Result};
use crate::scope::{Group, Nursery, Stage, Supervised};
use crate::task::{Task, TaskOptions, TaskOutput, spawn_on};

/// Tasks that are waited for together. Python: `asyncio.TaskGroup`.
///
/// The first task that fails, or a body that fails, cancels all the others; when all have ended, their errors come
/// back together as an [`ExceptionGroup`](crate::ExceptionGroup), a single one too. A task that was cancelled is no
/// failure. A task that panicked is one; a body that panicked goes on panicking once the tasks have ended.
///
/// [`TaskGroup::run`] is the form to use. The explicit one, for a group that is kept in a struct, is
/// [`new`](Self::new), [`create_task`](Self::create_task) and, once, [`wait`](Self::wait). For children that borrow
/// see [`scope`](crate::scope()).
///
/// A clonable handle to one group: a task may start others in the group it is in.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let sum = asyncio::TaskGroup::run(async |group| {
///         let one = group.create_task(async { Ok::<_, asyncio::Error>(1) })?;
///         let two = group.create_task(async { Ok::<_, asyncio::Error>(2) })?;
///         Ok(one.await? + two.await?)
///     })
///     .await?;
///     assert_eq!(sum, 3);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct TaskGroup {
    shared: Rc<Shared>,
}

struct Shared {
    group: Rc<Group>,
    inner: Rc<Inner>,
    waited: Cell<bool>,
    location: &'static Location<'static>,
}

/// The tasks of a group are polled by the loop.
struct ByTheLoop;

impl Nursery for ByTheLoop {
    fn poll_children(&self) {}

    fn is_due(&self) -> bool {
        false
    }

    fn abandon(&self) {}
}

impl TaskGroup {
    /// Runs `body` with a new group, and waits for the tasks that it started. Python: `async with TaskGroup() as tg`.
    ///
    /// # Errors
    ///
    /// `ExceptionGroup` with the errors of the tasks, in the order in which they failed, and the body's own as the
    /// last; `RuntimeError` outside of a task. A body that returns `CancelledError`, from awaiting something that was
    /// cancelled, gives just that if no task has failed.
    ///
    /// # Cancellation
    ///
    /// Cancels the body, and once that has left all tasks; leaves when they have ended. If one fails then, the errors
    /// are returned all the same, and the caller leaves at its next await.
    #[track_caller]
    pub fn run<R, B>(body: B) -> impl Future<Output = Result<R>>
    where
        B: AsyncFnOnce(Self) -> Result<R>,
    {
        let location = Location::caller();
        async move {
            let group = Self::at(location)?;
            group.shared.waited.set(true);
            let tasks = group.shared.group.clone();
            Supervised::new(body(group), tasks, ByTheLoop, "TaskGroup").await
        }
    }

    /// A group without a body; it takes tasks until [`wait`](Self::wait) has returned.
    ///
    /// Dropping the group cancels nothing. Errors that no `wait` has returned are reported through the exception
    /// handler.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if no loop runs on this thread.
    #[track_caller]
    pub fn new() -> Result<Self> {
        Self::at(Location::caller())
    }

    fn at(location: &'static Location<'static>) -> Result<Self> {
        let inner = current_inner(|inner| inner.cloned()).ok_or_else(|| {
            Error::runtime_error("a TaskGroup needs a running event loop; make it inside asyncio::run(…)")
        })?;
        let shared = Shared { group: Group::new(inner.clone()), inner, waited: Cell::new(false), location };
        Ok(Self { shared: Rc::new(shared) })
    }

    /// Starts a task in the group. Python: `TaskGroup.create_task()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the group has ended, or is ending because something failed; the future is dropped then.
    #[track_caller]
    pub fn create_task<F>(&self, future: F) -> Result<Task<<F::Output as TaskOutput>::Value>>
    where
        F: Future<Output: TaskOutput> + 'static,
    {
        self.spawn(future, TaskOptions::default(), Location::caller())
    }

    /// As [`create_task`](Self::create_task), with a name, a context or an eager start.
    ///
    /// # Errors
    ///
    /// As [`create_task`](Self::create_task).
    #[track_caller]
    pub fn create_task_with<F>(&self, options: TaskOptions, future: F) -> Result<Task<<F::Output as TaskOutput>::Value>>
    where
        F: Future<Output: TaskOutput> + 'static,
    {
        self.spawn(future, options, Location::caller())
    }

    fn spawn<F>(
        &self,
        future: F,
        options: TaskOptions,
        location: &'static Location<'static>,
    ) -> Result<Task<<F::Output as TaskOutput>::Value>>
    where
        F: Future<Output: TaskOutput> + 'static,
    {
        let reason = match self.shared.group.stage() {
            Stage::Open => {
                let task = spawn_on(&self.shared.inner, future, options, location)?;
                self.shared.group.adopt(&task);
                return Ok(task);
            }
            Stage::Aborting => "is shutting down",
            Stage::Closed => "has ended",
        };
        on_purpose(|| drop(future));
        let made = self.shared.location;
        Err(Error::runtime_error(format!("the TaskGroup made at {made} {reason} and takes no more tasks")))
    }

    /// Waits until all tasks have ended, those included that are started meanwhile.
    ///
    /// # Errors
    ///
    /// `ExceptionGroup` with the errors of the tasks; `RuntimeError` if it was called before, or outside of a task.
    ///
    /// # Cancellation
    ///
    /// Cancels the tasks, and leaves when they have ended.
    pub async fn wait(&self) -> Result<()> {
        if self.shared.waited.replace(true) {
            let made = self.shared.location;
            return Err(Error::runtime_error(format!("the TaskGroup made at {made} was waited for already")));
        }
        Supervised::new(async { Ok(()) }, self.shared.group.clone(), ByTheLoop, "TaskGroup").await
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.waited.get() {
            return;
        }
        for error in self.group.take_errors() {
            let report = ExceptionContext::new("exception of a TaskGroup was never retrieved").exception(error);
            self.inner.call_exception_handler(report.source(self.location).code("ASY0004"));
        }
    }
}

impl fmt::Debug for TaskGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self.shared.location;
        write!(
            f,
            "<TaskGroup {:?} running={} created at {made}>",
            self.shared.group.stage(),
            self.shared.group.running()
        )
    }
}
