//! What is said of tasks that nobody looks after: lost failures, and tasks that were dropped before their end.

use std::fmt;

use super::any::AnyTask;
use super::raw::TaskRef;
use crate::event_loop::ExceptionContext;
use crate::exceptions::Panic;
use crate::trace::Trail;

/// The last handle went, and nobody has looked at the failure.
#[cold]
pub(super) fn lost(task: &TaskRef) {
    never_retrieved(task);
    task.header().task_loop.forget_unseen(task);
}

/// Reports a failure once.
#[cold]
pub(super) fn never_retrieved(task: &TaskRef) {
    let header = task.header();
    if !header.state.is_unseen() {
        return;
    }
    header.state.seen();
    let Some(error) = task.error() else { return };
    report(task, ExceptionContext::new("Task exception was never retrieved").exception(error).code("ASY0004"));
}

/// The loop is closed and the task is not done.
#[cold]
pub(super) fn destroyed_pending(task: &TaskRef) {
    if !task.header().state.is_silent() {
        report(task, ExceptionContext::new("Task was destroyed but it is pending!").code("ASY0006"));
    }
}

/// A destructor panicked while the loop was closed.
#[cold]
pub(super) fn panic_at_close(task: &TaskRef, panic: &Panic) {
    report(
        task,
        ExceptionContext::new("a destructor panicked while the event loop was closed")
            .exception(panic.clone())
            .code("ASY0003"),
    );
}

/// A task has ended by a panic, and this is another one, which no other way leads out.
#[cold]
pub(super) fn second_panic(task: &TaskRef, panic: Panic) {
    report(task, ExceptionContext::new("a panic came after another one").exception(panic).code("ASY0003"));
}

fn report(task: &TaskRef, context: ExceptionContext) {
    let header = task.header();
    let run_in = header.context.take();
    header.context.set(run_in.clone());
    let trail = Trail::new(AnyTask::new(task.clone()).trace());
    let context = if trail.has_frames() { context.with("last_await", Waited(trail)) } else { context };
    let context = context.source(header.location).with("task", AnyTask::new(task.clone())).run_in(run_in);
    header.task_loop.inner().call_exception_handler(context);
}

/// Where a task waited last: what it failed of came after that.
struct Waited(Trail);

impl fmt::Debug for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it waited {}", self.0)
    }
}

/// A task whose step is due, as debug mode names it: with what it goes on from.
pub(super) fn describe(task: &TaskRef) -> String {
    let task = AnyTask::new(task.clone());
    let trail = Trail::new(task.trace());
    if trail.has_frames() { format!("{task:?}, which had waited {trail},") } else { format!("{task:?}") }
}
