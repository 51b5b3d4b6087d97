//! `create_task`, task factories and eager tasks.

use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::{Future as StdFuture, IntoFuture};
use std::panic::Location;
use std::rc::Rc;

use super::header::Header;
use super::output::TaskOutput;
use super::raw::TaskRef;
use super::registry::TaskLoop;
use super::state::TaskState;
use super::{Task, TaskAwait, step, waker};
use crate::cancellation::CancelCell;
use crate::context::{self, Context};
use crate::coroutine::on_purpose;
use crate::event_loop::{EventLoop, Inner, current_inner};
use crate::exceptions::{Error, Result};
use crate::future::WaitersCell;
use crate::trace::WaitsFor;

/// Starts a task on the running loop. Python: `asyncio.create_task()`.
///
/// The first step runs in the next batch. The task lives on if the handle is dropped. For a name, a context or an
/// eager start see [`Task::builder`]; `create_task(…).named("x")` is short for the first.
///
/// # Panics
///
/// If no loop runs on this thread; [`EventLoop::create_task`] says so with an error instead.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let double = asyncio::create_task(async { Ok::<_, asyncio::Error>(21 * 2) });
///     assert_eq!(double.await?, 42);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[must_use = "dropping a task does not stop it, but nobody hears of its result; await it, or drop it on purpose with `drop(…)`"]
#[track_caller]
pub fn create_task<F>(future: F) -> Task<<F::Output as TaskOutput>::Value>
where
    F: StdFuture<Output: TaskOutput> + 'static,
{
    let location = Location::caller();
    current_inner(|inner| match inner {
        Some(inner) => spawn_on(inner, future, TaskOptions::default(), location),
        None => Err(Error::runtime_error("no event loop is running on this thread")),
    })
    .unwrap_or_else(|error| {
        panic!("create_task: {error}; call it from inside asyncio::run(…), or use EventLoop::create_task")
    })
}

/// Makes a task of what is none. Python: `asyncio.ensure_future()`.
///
/// A [`Task`] is one already and a [`Future`](crate::Future) is awaited as it is: neither needs this. What else can
/// be awaited is wrapped in a task.
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread; what was passed is dropped then.
#[track_caller]
pub fn ensure_future<A>(awaitable: A) -> Result<Task<<A::Output as TaskOutput>::Value>>
where
    A: IntoFuture<Output: TaskOutput, IntoFuture: 'static>,
{
    let location = Location::caller();
    current_inner(|inner| match inner {
        Some(inner) => ensure_on(inner, awaitable.into_future(), TaskOptions::default(), location),
        None => Err(Error::runtime_error("no event loop is running on this thread")),
    })
}

/// The task itself, if the future is one that is awaited, else a new one.
///
/// A task of another loop is awaited by a new one, for which that is an error.
pub(crate) fn ensure_on<F>(
    inner: &Rc<Inner>,
    future: F,
    options: TaskOptions,
    location: &'static Location<'static>,
) -> Result<Task<<F::Output as TaskOutput>::Value>>
where
    F: StdFuture<Output: TaskOutput> + 'static,
{
    let mut future = Some(future);
    let any: &mut dyn Any = &mut future;
    let task = any
        .downcast_mut::<Option<TaskAwait<<F::Output as TaskOutput>::Value>>>()
        .and_then(|task| task.take_if(|task| task.is_of(inner)));
    match (task, future) {
        (Some(task), _) => Ok(task.into_task()),
        (None, Some(future)) => spawn_on(inner, future, options, location),
        (None, None) => unreachable!("it was taken as a task, or it is still there"),
    }
}

/// What a new task can be given; a [`TaskFactory`] may change it.
#[derive(Debug, Default)]
pub struct TaskOptions {
    /// The name, instead of `Task-N`.
    pub name: Option<String>,
    /// The context to run in, instead of a copy of the current one.
    pub context: Option<Context>,
    /// Whether the first step runs at once, inside of `create_task`.
    pub eager_start: Option<bool>,
}

impl TaskOptions {
    /// Nothing was asked for.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.name.is_none() && self.context.is_none() && self.eager_start.is_none()
    }
}

/// What is called for each new task of a loop, and may change its options.
///
/// Python's factories return the task; here a task has one type, and what can differ are its options.
pub type TaskFactory = dyn Fn(&EventLoop, &mut TaskOptions);

/// A task factory by which first steps run at once. Python: `asyncio.eager_task_factory`.
///
/// Only where `create_task` said nothing itself, and only while the loop runs.
pub fn eager_task_factory(_event_loop: &EventLoop, options: &mut TaskOptions) {
    options.eager_start.get_or_insert(true);
}

/// A task factory that does what another one does, and starts eagerly. Python: `asyncio.create_eager_task_factory()`.
pub fn create_eager_task_factory(
    other: impl Fn(&EventLoop, &mut TaskOptions) + 'static,
) -> impl Fn(&EventLoop, &mut TaskOptions) + 'static {
    move |event_loop, options| {
        other(event_loop, options);
        eager_task_factory(event_loop, options);
    }
}

/// Options for a new task; made by [`Task::builder`].
#[derive(Debug, Default)]
#[must_use = "the builder starts nothing until its create_task(…) is called"]
pub struct TaskBuilder {
    options: TaskOptions,
    event_loop: Option<EventLoop>,
}

impl Task<()> {
    /// Options for a new task: `Task::builder().name("reader").create_task(…)`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let task = asyncio::Task::builder().name("reader").create_task(async {})?;
    ///     assert_eq!(task.get_name(), "reader");
    ///     task.await
    /// })
    /// # }
    /// ```
    pub fn builder() -> TaskBuilder {
        TaskBuilder::default()
    }
}

impl TaskBuilder {
    /// Names the task.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// The very context to run in, instead of a copy of the current one.
    pub fn context(mut self, context: Context) -> Self {
        self.options.context = Some(context);
        self
    }

    /// Runs the first step inside of `create_task`, if the loop runs. Overrides the task factory.
    pub fn eager_start(mut self, eager: bool) -> Self {
        self.options.eager_start = Some(eager);
        self
    }

    /// The loop to run on, instead of the running one.
    pub fn event_loop(mut self, event_loop: &EventLoop) -> Self {
        self.event_loop = Some(event_loop.clone());
        self
    }

    /// Starts the task.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if no loop was given and none runs, or the loop is closed; the future is dropped then.
    #[track_caller]
    pub fn create_task<F>(self, future: F) -> Result<Task<<F::Output as TaskOutput>::Value>>
    where
        F: StdFuture<Output: TaskOutput> + 'static,
    {
        let location = Location::caller();
        let event_loop = match self.event_loop {
            Some(event_loop) => event_loop,
            None => match crate::event_loop::get_running_loop() {
                Ok(event_loop) => event_loop,
                Err(error) => {
                    on_purpose(|| drop(future));
                    return Err(error);
                }
            },
        };
        spawn_on(event_loop.inner(), future, self.options, location)
    }
}

impl EventLoop {
    /// Starts a task on this loop. Python: `loop.create_task()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed; the future is dropped then.
    #[track_caller]
    pub fn create_task<F>(&self, future: F) -> Result<Task<<F::Output as TaskOutput>::Value>>
    where
        F: StdFuture<Output: TaskOutput> + 'static,
    {
        spawn_on(self.inner(), future, TaskOptions::default(), Location::caller())
    }

    /// Sets what is called for each new task. Python: `loop.set_task_factory()`.
    pub fn set_task_factory(&self, factory: impl Fn(&Self, &mut TaskOptions) + 'static) {
        self.replace_task_factory(Some(Rc::new(factory)));
    }

    /// Goes back to plain tasks. Python: `loop.set_task_factory(None)`.
    pub fn clear_task_factory(&self) {
        self.replace_task_factory(None);
    }

    fn replace_task_factory(&self, factory: Option<Rc<TaskFactory>>) {
        let former = self.inner().slot::<TaskLoop>().factory.replace(factory);
        drop(former);
    }

    /// The factory that was set. Python: `loop.get_task_factory()`.
    pub fn get_task_factory(&self) -> Option<Rc<TaskFactory>> {
        self.inner().existing_slot::<TaskLoop>().and_then(|tasks| tasks.factory.borrow().clone())
    }
}

/// Starts a task on a loop.
#[inline]
pub(crate) fn spawn_on<F>(
    inner: &Rc<Inner>,
    future: F,
    options: TaskOptions,
    location: &'static Location<'static>,
) -> Result<Task<<F::Output as TaskOutput>::Value>>
where
    F: StdFuture<Output: TaskOutput> + 'static,
{
    if let Err(error) = inner.check_usable() {
        // It is refused with an error: that nobody awaits it is not the news.
        on_purpose(|| drop(future));
        return Err(error);
    }
    let tasks = waker::task_loop_of_current(inner).unwrap_or_else(|| inner.slot::<TaskLoop>());
    if !options.is_plain() || tasks.factory.borrow().is_some() {
        return Ok(spawn_as_told(inner, tasks, future, options, location));
    }
    let task = new_task(tasks, future, context::snapshot(), location);
    let handle = Task::new(task.clone());
    waker::schedule_owned(task);
    Ok(handle)
}

/// Apart, so that the common case stays small.
#[cold]
fn spawn_as_told<F>(
    inner: &Rc<Inner>,
    tasks: Rc<TaskLoop>,
    future: F,
    mut options: TaskOptions,
    location: &'static Location<'static>,
) -> Task<<F::Output as TaskOutput>::Value>
where
    F: StdFuture<Output: TaskOutput> + 'static,
{
    let factory = tasks.factory.borrow().clone();
    if let (Some(factory), Some(event_loop)) = (factory, inner.event_loop()) {
        factory(&event_loop, &mut options);
    }
    let TaskOptions { name, context, eager_start } = options;
    let task = new_task(tasks, future, context.or_else(context::snapshot), location);
    let handle = Task::new(task.clone());
    if let Some(name) = name {
        handle.set_name(name);
    }
    if eager_start.unwrap_or(false) && inner.is_running() {
        step::run_eagerly(&task);
    } else {
        waker::schedule_owned(task);
    }
    handle
}

/// A task that is not scheduled yet, with the handle to it; in a copy of the current context.
pub(super) fn new_handle<F>(
    inner: &Rc<Inner>,
    future: F,
    location: &'static Location<'static>,
) -> Result<(Task<<F::Output as TaskOutput>::Value>, TaskRef)>
where
    F: StdFuture<Output: TaskOutput> + 'static,
{
    inner.check_usable()?;
    let task = new_task(inner.slot::<TaskLoop>(), future, context::snapshot(), location);
    Ok((Task::new(task.clone()), task))
}

#[inline]
fn new_task<F>(
    tasks: Rc<TaskLoop>,
    future: F,
    context: Option<Context>,
    location: &'static Location<'static>,
) -> TaskRef
where
    F: StdFuture<Output: TaskOutput> + 'static,
{
    let (id, slot) = tasks.reserve();
    let list = tasks.clone();
    let task = TaskRef::new(&list.pool, future, move |vtable| Header {
        vtable,
        task_loop: tasks,
        references: Cell::new(1),
        handles: Cell::new(0),
        slot,
        id,
        cell: CancelCell::default(),
        context: Cell::new(context),
        location,
        waiters: WaitersCell::default(),
        rare: OnceCell::new(),
        state: TaskState::default(),
        waits_at: Cell::new(0),
        waits_for: Cell::new(WaitsFor::Unknown),
    });
    list.enter(slot, task.clone());
    task
}

impl fmt::Debug for TaskLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLoop").finish_non_exhaustive()
    }
}
