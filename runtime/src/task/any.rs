//! `AnyTask`: a task without its type, as `current_task` and `all_tasks` give it.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::ptr;
use std::rc::Rc;

use super::raw::TaskRef;
use super::{cancel, report, waker};
use crate::cancellation::{CancelCell, current};
use crate::context::{self, Context};
use crate::event_loop::EventLoop;
use crate::exceptions::{CancelledError, Error, Message, Result};
use crate::future::{CallbackId, DoneCallback, FutureLike, Watch, Watched, tell};

/// A handle to a task of any result.
///
/// Clones are handles to the same task; they compare equal.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let me = asyncio::current_task()?.expect("a coroutine runs in a task");
///     me.set_name("greeter");
///     assert_eq!(me.get_name(), "greeter");
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct AnyTask {
    task: TaskRef,
}

impl AnyTask {
    #[inline]
    pub(super) fn new(task: TaskRef) -> Self {
        let handles = &task.header().handles;
        handles.set(handles.get() + 1);
        Self { task }
    }

    #[inline]
    pub(super) fn task(&self) -> &TaskRef {
        &self.task
    }

    /// Asks the task to leave. False if it is done; a failure that nobody saw is not reported then. Python:
    /// `Task.cancel()`.
    ///
    /// Requests are counted. If the task awaits another task or a future, that is cancelled and its end decides;
    /// else the task leaves at the await at which it is, and its clean-up runs. A task that has not begun never does.
    pub fn cancel(&self) -> bool {
        cancel::cancel(&self.task, None)
    }

    /// As [`cancel`](Self::cancel), with a message for the `CancelledError`. Python: `Task.cancel(msg)`.
    pub fn cancel_with(&self, message: impl Into<Cow<'static, str>>) -> bool {
        cancel::cancel(&self.task, Some(Message::new(message)))
    }

    /// As [`cancel`](Self::cancel), with the message of another request.
    pub(crate) fn request(&self, message: Option<Message>) -> bool {
        cancel::cancel(&self.task, message)
    }

    /// Takes one request back and returns how many are left. Python: `Task.uncancel()`.
    ///
    /// At zero a request that was not acted on yet is withdrawn.
    ///
    /// In a branch of [`select!`](crate::select!) that has lost it is the request of the `select!` that is taken back; the
    /// task's own stay.
    pub fn uncancel(&self) -> usize {
        let cell = &self.task.header().cell;
        self.in_branch(|branch| branch.uncancel_branch(cell)).unwrap_or_else(|| cell.uncancel()) as usize
    }

    /// How many requests there were, minus those that were taken back. Python: `Task.cancelling()`.
    ///
    /// In a branch of [`select!`](crate::select!), asked of the task that runs, that the branch has lost is one more.
    pub fn cancelling(&self) -> usize {
        let cell = &self.task.header().cell;
        self.in_branch(|branch| branch.count_in_branch(cell)).unwrap_or_else(|| cell.count()) as usize
    }

    /// Calls `f` with the cell of the branch that runs now, if this is the task that runs it.
    fn in_branch<R>(&self, f: impl FnOnce(&CancelCell) -> R) -> Option<R> {
        if !waker::is_current(&self.task) {
            return None;
        }
        let own = &self.task.header().cell;
        current(|cell| cell.filter(|cell| !ptr::eq(*cell, own)).map(f))
    }

    /// Whether the task is done: it returned, failed, panicked or was cancelled. Python: `Task.done()`.
    pub fn done(&self) -> bool {
        self.task.header().state.is_done()
    }

    /// Whether it ended by a cancel. Python: `Task.cancelled()`.
    pub fn cancelled(&self) -> bool {
        self.task.header().state.is_cancelled()
    }

    /// The error that it failed with, `None` if it has a result. Python: `Task.exception()`.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` while it is not done; `CancelledError` if it was cancelled.
    pub fn exception(&self) -> Result<Option<Error>> {
        if !self.done() {
            return Err(Error::invalid_state("the exception is not set yet; await the task"));
        }
        self.seen();
        match self.task.error() {
            Some(error) if self.cancelled() => Err(error),
            error => Ok(error),
        }
    }

    /// The name; `Task-N` unless it was given one. Python: `Task.get_name()`.
    pub fn get_name(&self) -> String {
        let header = self.task.header();
        let name = header.rare.get().and_then(|rare| rare.name.borrow().clone());
        name.map_or_else(|| format!("Task-{}", header.id), |name| name.to_string())
    }

    /// Names the task. Python: `Task.set_name()`.
    pub fn set_name(&self, name: impl AsRef<str>) {
        let rare = self.task.header().rare();
        let name: Rc<str> = Rc::from(name.as_ref());
        rare.name_address.set(name.as_ptr().addr());
        rare.name_len.set(name.len());
        drop(rare.name.replace(Some(name)));
    }

    /// The name of the coroutine function at its root, where one is suspended. Python: `Task.get_coro()`.
    pub fn get_coro(&self) -> Option<&'static str> {
        self.task.header().rare.get()?.trace.outermost().map(|frame| *frame.name)
    }

    /// The context that it runs in. Python: `Task.get_context()`.
    pub fn get_context(&self) -> Context {
        if self.task.header().state.is_running() {
            return context::current();
        }
        let place = &self.task.header().context;
        let context = place.take().unwrap_or_default();
        place.set(Some(context.clone()));
        context
    }

    /// The context that it runs in, if it has one; for when it does not run.
    pub(crate) fn entered_context(&self) -> Option<Context> {
        let place = &self.task.header().context;
        let context = place.take();
        place.set(context.clone());
        context
    }

    /// Where it was created.
    pub fn location(&self) -> &'static Location<'static> {
        self.task.header().location
    }

    /// Calls `callback` with the task once it is done, through the ready queue, in a copy of the current context.
    /// Python: `Task.add_done_callback()`.
    #[track_caller]
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + 'static) -> CallbackId {
        self.add_callback(DoneCallback::new(callback, context::snapshot()))
    }

    /// As [`add_done_callback`](Self::add_done_callback), in this very context.
    #[track_caller]
    pub fn add_done_callback_with_context(
        &self,
        context: Context,
        callback: impl FnOnce(&Self) + 'static,
    ) -> CallbackId {
        self.add_callback(DoneCallback::new(callback, Some(context)))
    }

    fn add_callback(&self, callback: DoneCallback<Self>) -> CallbackId {
        let header = self.task.header();
        let id = header.waiters.with(|waiters| waiters.call(callback));
        if self.done() {
            let waiters = header.waiters.take();
            tell(waiters, self, header.task_loop.inner());
        }
        id
    }

    /// Takes a callback back; false if it was scheduled or removed before. Python: `Task.remove_done_callback()`.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        let removed = self.task.header().waiters.with(|waiters| waiters.remove(id));
        removed.is_some()
    }

    /// The loop that it runs on. Python: `Task.get_loop()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is gone.
    pub fn get_loop(&self) -> Result<EventLoop> {
        let event_loop = self.task.header().task_loop.inner().event_loop();
        event_loop.ok_or_else(|| Error::runtime_error("the event loop of this task was dropped"))
    }

    /// How it was cancelled, if it was.
    pub(crate) fn cancelled_error(&self) -> Option<CancelledError> {
        if !self.cancelled() {
            return None;
        }
        match self.task.error() {
            Some(Error::CancelledError(error)) => Some(error),
            _ => Some(CancelledError::default()),
        }
    }

    /// Whether it lives in a scope, and ends with the task around that.
    pub(crate) fn is_lent(&self) -> bool {
        self.task.header().state.is_lent()
    }

    /// Somebody knows of its failure.
    #[inline]
    pub(crate) fn seen(&self) {
        let header = self.task.header();
        if header.state.is_unseen() {
            header.state.seen();
            header.task_loop.forget_unseen(&self.task);
        }
    }

    /// Its being dropped while pending is not to be reported; a failure is.
    pub(crate) fn silence(&self) {
        self.task.header().state.silence();
    }
}

impl Clone for AnyTask {
    fn clone(&self) -> Self {
        Self::new(self.task.clone())
    }
}

impl Drop for AnyTask {
    #[inline]
    fn drop(&mut self) {
        let header = self.task.header();
        header.handles.set(header.handles.get() - 1);
        if header.state.is_unseen() && header.handles.get() == 0 {
            report::lost(&self.task);
        }
    }
}

impl PartialEq for AnyTask {
    fn eq(&self, other: &Self) -> bool {
        self.task.address() == other.task.address()
    }
}

impl Eq for AnyTask {}

impl Hash for AnyTask {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.task.address().hash(state);
    }
}

impl fmt::Debug for AnyTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.cancelled() {
            "cancelled"
        } else if self.done() {
            "done"
        } else if self.cancelling() > 0 {
            "cancelling"
        } else {
            "pending"
        };
        write!(f, "<Task {state} name={:?}", self.get_name())?;
        if let Some(coroutine) = self.get_coro() {
            write!(f, " coro={coroutine}")?;
        }
        write!(f, " created at {}>", self.location())
    }
}

impl crate::sealed::Sealed for AnyTask {}

impl Watched for AnyTask {
    fn watch(&self, watch: Rc<dyn Watch>) -> CallbackId {
        self.task.header().waiters.with(|waiters| waiters.watch(watch))
    }

    fn unwatch(&self, id: CallbackId) {
        self.remove_done_callback(id);
    }

    fn failure(&self) -> Option<Error> {
        self.exception().unwrap_or_else(Some)
    }

    fn has_failed(&self) -> bool {
        self.task.header().state.is_failed()
    }

    fn address(&self) -> *const () {
        self.task.address().as_ptr()
    }

    fn check_loop(&self) -> Result<()> {
        super::awaiting::check_loop(self)
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl FutureLike for AnyTask {
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
