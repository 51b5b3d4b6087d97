//! One step: a poll of the task's future, and what its result means.
//!
//! This is the outermost boundary of a cancel: a future that suspends under a marked cell is dropped here, in the
//! task's own context, and the task ends as cancelled.

use std::task::{Context as PollContext, Poll};

use super::raw::TaskRef;
use super::state::Ending;
use super::{any::AnyTask, report, waker};
use crate::cancellation::{with_only_cell, without_cell};
use crate::context;
use crate::coroutine::on_purpose;
use crate::exceptions::{CancelledError, Error, Panic, catch};
use crate::future::{Waiters, tell};
use crate::handle::{Polled, set_polled};
use crate::trace;

/// Where the future of a task is.
pub(super) trait Body {
    /// Polls the future; `Ready` with how it ended, once it is gone and the outcome is stored.
    fn poll(&mut self, task: &TaskRef, context: &mut PollContext<'_>) -> Poll<Ending>;

    /// Drops the future, or an outcome, and stores an error.
    fn store(&mut self, task: &TaskRef, error: Error);
}

/// In the task's own block.
pub(super) struct Own;

impl Body for Own {
    #[inline]
    fn poll(&mut self, task: &TaskRef, context: &mut PollContext<'_>) -> Poll<Ending> {
        task.poll(context)
    }

    fn store(&mut self, task: &TaskRef, error: Error) {
        task.store(error);
    }
}

/// Runs the step that came out of the ready queue. No other step runs meanwhile: a thread runs one loop.
pub(super) fn run(task: TaskRef) {
    run_body(&task, &mut Own);
}

/// Runs the first step now, inside the step or callback that creates the task.
pub(super) fn run_eagerly(task: &TaskRef) {
    inside(|| run(task.clone()));
}

/// Calls `f`, which runs steps inside the one that runs now, and puts back what that one is.
pub(super) fn inside<R>(f: impl FnOnce() -> R) -> R {
    let _task = OuterTask { polled: set_polled(None) };
    let _trace = trace::Outer::new();
    without_cell(f)
}

struct OuterTask {
    polled: Option<Polled>,
}

impl Drop for OuterTask {
    fn drop(&mut self) {
        set_polled(self.polled);
    }
}

/// Runs a step of a task whose future is there. Around it is no other step, or one that was put [aside](inside).
#[inline(always)]
pub(super) fn run_body(task: &TaskRef, body: &mut impl Body) {
    let header = task.header();
    if !header.state.resume() && !begin(task, body) {
        return;
    }
    let step = |task: &TaskRef| waker::with_waker(task, |waker| poll(task, body, &mut PollContext::from_waker(waker)));
    let poll = match entered(task, step) {
        Ok(poll) => poll,
        Err(panic) => return fail(task, body, panic),
    };
    match poll {
        Poll::Pending if header.cell.is_quiet() => header.state.suspend(),
        Poll::Pending => match header.cell.take_mark() {
            None => {
                header.state.suspend();
                if header.cell.is_unanswered() {
                    waker::schedule(task);
                }
            }
            Some(error) => leave(task, body, error),
        },
        Poll::Ready(ending) => match header.cell.take_mark() {
            // A request that came while it ran, and no await after it: as in Python a result is lost, a failure not.
            Some(error) if ending != Ending::Failed => leave(task, body, error),
            _ => complete(task, ending),
        },
    }
}

/// The first step begins; false if there is none.
#[inline]
fn begin(task: &TaskRef, body: &mut impl Body) -> bool {
    let header = task.header();
    if !header.state.begin() {
        return false;
    }
    // Cancelled before the first step: the body never runs.
    match header.cell.take_mark() {
        None => true,
        Some(error) => {
            on_purpose(|| leave(task, body, error));
            false
        }
    }
}

/// Calls `f` as what runs in the task: its context, its cell, its waker. A panic comes back as an error.
#[inline]
fn entered<R>(task: &TaskRef, f: impl FnOnce(&TaskRef) -> R) -> Result<R, Panic> {
    let header = task.header();
    set_polled(Some(waker::polled(task)));
    let outer_context = context::replace(header.context.take());
    let result = with_only_cell(&header.cell, || catch(|| f(task)));
    if let Some(context) = context::replace(outer_context) {
        header.context.set(Some(context));
    }
    set_polled(None);
    result
}

/// Polls the future, and keeps the await trace if it suspends.
#[inline]
fn poll(task: &TaskRef, body: &mut impl Body, context: &mut PollContext<'_>) -> Poll<Ending> {
    let header = task.header();
    let step = trace::Step::begin();
    let poll = body.poll(task, context);
    if poll.is_pending() {
        let (wait, is_all) = step.waits_for();
        header.set_wait(wait);
        if !is_all {
            keep_trace(task, &step);
        } else if header.rare.get().is_some_and(|rare| !rare.trace.is_empty()) {
            forget_trace(task);
        }
    }
    poll
}

#[inline(never)]
fn keep_trace(task: &TaskRef, step: &trace::Step) {
    task.header().rare().trace.keep(step);
}

#[inline(never)]
fn forget_trace(task: &TaskRef) {
    if let Some(rare) = task.header().rare.get() {
        rare.trace.forget();
    }
}

/// The future is dropped, destructors from the inside out, and the task ends as cancelled.
#[cold]
fn leave(task: &TaskRef, body: &mut impl Body, error: CancelledError) {
    match entered(task, |task| body.store(task, error.into())) {
        Ok(()) => complete(task, Ending::Cancelled),
        Err(panic) => fail(task, body, panic),
    }
}

/// The future panicked, in its code or in a destructor.
#[cold]
fn fail(task: &TaskRef, body: &mut impl Body, panic: Panic) {
    if let Err(second) = entered(task, |task| body.store(task, panic.clone().into())) {
        // It came out of a destructor. What is left of the future was dropped by its unwinding; this stores over it.
        report::second_panic(task, second);
        if let Err(third) = entered(task, |task| body.store(task, panic.into())) {
            report::second_panic(task, third);
        }
    }
    complete(task, Ending::Failed);
}

/// The outcome is stored: everybody is told.
#[inline]
fn complete(task: &TaskRef, ending: Ending) {
    let header = task.header();
    header.state.finish(ending);
    header.cell.clear();
    let listed = header.task_loop.leave(header.slot);
    if header.rare.get().is_some_and(|rare| !rare.trace.is_empty()) && ending != Ending::Failed {
        forget_trace(task);
    }
    match header.waiters.take() {
        Waiters::None => {}
        Waiters::One(waker) => waker.wake(),
        waiters => tell(waiters, &AnyTask::new(task.clone()), header.task_loop.inner()),
    }
    if header.state.is_unseen() {
        unseen(task);
    }
    drop(listed);
}

#[cold]
fn unseen(task: &TaskRef) {
    if task.header().handles.get() == 0 {
        report::lost(task);
    } else {
        task.header().task_loop.watch_unseen(task);
    }
}

/// Whoever lent the future is gone: it is dropped where it stands, and the task ends as cancelled.
pub(super) fn end(task: &TaskRef, body: &mut impl Body, error: CancelledError) {
    let started = task.header().state.is_started();
    if !task.header().state.begin() {
        return;
    }
    inside(|| {
        if started {
            leave(task, body, error);
        } else {
            on_purpose(|| leave(task, body, error));
        }
    });
}

/// The loop is closed: the future is dropped where it stands, and a panic in a destructor is kept from the others.
pub(super) fn abandon(task: &TaskRef) {
    let header = task.header();
    let started = header.state.is_started();
    if !header.state.begin() {
        return;
    }
    inside(|| {
        if started {
            drop_future(task);
        } else {
            // That it never ran has been reported.
            on_purpose(|| drop_future(task));
        }
    });
    header.state.finish(Ending::Cancelled);
    header.cell.clear();
    let waiters = header.waiters.take();
    drop(waiters);
}

fn drop_future(task: &TaskRef) {
    let error = Error::CancelledError(CancelledError::new("the event loop was closed"));
    if let Err(panic) = entered(task, |task| task.store(error)) {
        report::panic_at_close(task, &panic);
        // What is left of the future was dropped by the unwinding; this stores over it.
        if let Err(second) = entered(task, |task| task.store(panic.into())) {
            report::second_panic(task, second);
        }
    }
}
