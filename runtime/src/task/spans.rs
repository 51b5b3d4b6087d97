//! Feature `tracing`: each task as a span, in the names and fields that tokio-console knows.
//!
//! A span begins with the first step that a subscriber sees, not with `create_task`: by then a task has the name that was
//! given right after. It is entered for each step, and goes with the future. Wakes are events of the target
//! `runtime::waker`. The loop's own futures keep references and no wakers, so there is nothing to count: one clone is
//! told for all of them, without which tokio-console takes a waiting task for a lost one.

use std::cell::RefCell;

use tracing::span::EnteredSpan;
use tracing::{Level, Span};

use super::any::AnyTask;
use super::raw::TaskRef;

/// The span of a task, once it has one.
pub(super) type TaskSpan = RefCell<Option<Span>>;

/// Enters the span of a task for a step.
pub(super) fn enter(task: &TaskRef) -> Option<EnteredSpan> {
    existing(task).or_else(|| begin(task)).map(Span::entered)
}

/// As [`enter`], unless the future is lent: then the lender's step has entered it.
pub(super) fn enter_own(task: &TaskRef) -> Option<EnteredSpan> {
    if task.header().state.is_lent() { None } else { enter(task) }
}

/// Enters the span for the destructors of the future. A task that never began has none.
pub(super) fn again(task: &TaskRef) -> Option<EnteredSpan> {
    existing(task).map(Span::entered)
}

fn existing(task: &TaskRef) -> Option<Span> {
    task.header().rare.get().and_then(|rare| rare.span.borrow().clone())
}

/// A new span, if anybody wants to see it.
fn begin(task: &TaskRef) -> Option<Span> {
    if !tracing::span_enabled!(target: "runtime::task", Level::TRACE, "runtime.spawn", kind, task.name) {
        return None;
    }
    let (header, name) = (task.header(), AnyTask::new(task.clone()).get_name());
    let location = header.location;
    let span = tracing::trace_span!(
        target: "runtime::task",
        parent: None,
        "runtime.spawn",
        kind = "task",
        task.name = &*name,
        task.id = u64::from(header.id),
        loc.file = location.file(),
        loc.line = u64::from(location.line()),
        loc.col = u64::from(location.column()),
    );
    tell(&span, "waker.clone");
    header.rare().span.replace(Some(span.clone()));
    Some(span)
}

/// A step is over; if the future is gone, so is the span once it was left.
pub(super) fn polled(task: &TaskRef, gone: bool) {
    if gone {
        let span = task.header().rare.get().and_then(|rare| rare.span.take());
        drop(span);
    }
}

/// The next step of a task is due.
pub(super) fn woken(task: &TaskRef) {
    if let Some(span) = existing(task) {
        tell(&span, "waker.wake_by_ref");
    }
}

fn tell(span: &Span, op: &str) {
    if let Some(id) = span.id() {
        tracing::trace!(target: "runtime::waker", op = op, task.id = id.into_u64());
    }
}
