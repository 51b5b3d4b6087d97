//! The three faces of a task that others hold: a due step, a local waker, and a `std::task::Waker`.
//!
//! The first two are addresses with a reference, on the loop's thread only. The waker in the context of a poll is the
//! task's address *without* a reference, good for the time of the poll; cloning it gives one that may leave the
//! thread, which is a [`Remote`](super::remote::Remote) and knows no address.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::raw::TaskRef;
use super::registry::{TaskLoop, thread_token};
use super::{cancel, lent, step};
use crate::event_loop::Inner;
use crate::exceptions::Message;
use crate::handle::{CancelTarget, CancelVTable, LocalWakerVTable, Polled, Runnable, RunnableVTable, set_local_vtable};

static RUNNABLE: RunnableVTable = RunnableVTable { run, drop: release, describe, location };
static LOCAL: LocalWakerVTable = LocalWakerVTable { clone: retain, wake, wake_by_ref, drop: release };
static TARGET: CancelVTable = CancelVTable { cancel: cancel_target, drop: release };

// The functions below are private, and every value that carries them was made in this file from the address of a
// live reference: that is the fact that each of them relies on.

fn run(data: NonNull<()>) {
    // SAFETY: see above; the step uses its reference up.
    let task = unsafe { TaskRef::from_raw(data) };
    step::run(task);
}

fn release(data: NonNull<()>) {
    // SAFETY: see above; the value that is dropped had a reference.
    drop(unsafe { TaskRef::from_raw(data) });
}

fn retain(data: NonNull<()>) {
    // SAFETY: see above. The clone is kept as the address itself.
    unsafe { TaskRef::borrow_raw(data, |task| std::mem::forget(task.clone())) }
}

fn wake(data: NonNull<()>) {
    // SAFETY: see above; the waker's reference becomes the step's, or goes.
    let task = unsafe { TaskRef::from_raw(data) };
    schedule_owned(task);
}

fn wake_by_ref(data: NonNull<()>) {
    // SAFETY: see above.
    unsafe { TaskRef::borrow_raw(data, schedule) }
}

fn describe(data: NonNull<()>) -> String {
    // SAFETY: see above.
    unsafe { TaskRef::borrow_raw(data, super::report::describe) }
}

fn location(data: NonNull<()>) -> &'static Location<'static> {
    // SAFETY: see above.
    unsafe { TaskRef::borrow_raw(data, |task| task.header().location) }
}

fn cancel_target(data: NonNull<()>, message: Option<Message>) -> bool {
    // SAFETY: see above.
    unsafe { TaskRef::borrow_raw(data, |task| cancel::cancel(task, message)) }
}

/// Puts a task into the ready queue, unless it is there or done.
#[inline]
pub(super) fn schedule(task: &TaskRef) {
    if task.header().state.schedule() {
        push(task.clone());
    }
}

/// As [`schedule`], of a reference that the queue may keep.
#[inline]
pub(super) fn schedule_owned(task: TaskRef) {
    if task.header().state.schedule() {
        push(task);
    }
}

#[inline]
fn push(task: TaskRef) {
    #[cfg(feature = "tracing")]
    super::spans::woken(&task);
    // The reference becomes the step's. Should the queue panic on the way it is lost, which is no harm.
    let task = ManuallyDrop::new(task);
    let inner = task.header().task_loop.inner();
    if inner.is_closed() || task.header().state.is_lent() {
        return push_elsewhere(ManuallyDrop::into_inner(task));
    }
    inner.push_step(Runnable::new(task.address(), &RUNNABLE));
}

#[cold]
fn push_elsewhere(task: TaskRef) {
    // A closed loop would drop the step at once, and with it perhaps the block through which the loop is reached.
    if !task.header().task_loop.inner().is_closed() {
        lent::due(&task);
    }
}

/// What a waiting task's cell keeps of the task that it awaits.
pub(super) fn target(task: TaskRef) -> CancelTarget {
    CancelTarget::new(task.into_raw(), &TARGET)
}

/// How leaves recognise that this task is being polled.
#[inline]
pub(super) fn polled(task: &TaskRef) -> Polled {
    Polled(task.address())
}

/// Says once a thread how leaves keep the tasks that they are polled by.
pub(super) fn introduce() {
    set_local_vtable(&LOCAL);
}

/// The task that is being polled on this thread.
pub(super) fn current() -> Option<TaskRef> {
    let polled = crate::handle::polled()?;
    // SAFETY: only a step notes a polled task, this file's vtable is the only one, and the step holds a reference
    // for as long as the note stands.
    Some(unsafe { TaskRef::borrow_raw(polled.0, TaskRef::clone) })
}

/// Whether this task is the innermost one that is being polled.
pub(super) fn is_current(task: &TaskRef) -> bool {
    crate::handle::polled().is_some_and(|polled| polled.0 == task.address())
}

/// What a task is for the one that is being polled.
pub(super) enum SeenFrom {
    Itself,
    /// Another one of the same loop; or no task is being polled.
    ItsLoop,
    AnotherLoop,
}

/// What this task is for the one that is being polled.
#[inline]
pub(super) fn seen_from_current(task: &TaskRef) -> SeenFrom {
    let Some(polled) = crate::handle::polled() else { return SeenFrom::ItsLoop };
    if polled.0 == task.address() {
        return SeenFrom::Itself;
    }
    let same_loop = |current: &TaskRef| Rc::ptr_eq(&current.header().task_loop, &task.header().task_loop);
    // SAFETY: as in `current`, and the reference is not used up.
    if unsafe { TaskRef::borrow_raw(polled.0, same_loop) } { SeenFrom::ItsLoop } else { SeenFrom::AnotherLoop }
}

/// The loop's side of tasks, where the running task is one of them: shorter than asking the loop.
#[inline]
pub(super) fn task_loop_of_current(inner: &Rc<Inner>) -> Option<Rc<TaskLoop>> {
    let polled = crate::handle::polled()?;
    let of = |task: &TaskRef| {
        let tasks = &task.header().task_loop;
        Rc::ptr_eq(tasks.inner(), inner).then(|| tasks.clone())
    };
    // SAFETY: as in `current`, and the reference is not used up.
    unsafe { TaskRef::borrow_raw(polled.0, of) }
}

static BORROWED: RawWakerVTable = RawWakerVTable::new(clone_borrowed, wake_borrowed, wake_borrowed, |_| {});

/// Calls `f` with the waker of a poll.
#[inline]
pub(super) fn with_waker<R>(task: &TaskRef, f: impl FnOnce(&Waker) -> R) -> R {
    let raw = RawWaker::new(task.address().as_ptr(), &BORROWED);
    // SAFETY: the address stays good while `task` is borrowed, the waker is only lent for that time, and its
    // functions keep to what any thread may do.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    f(&waker)
}

/// # Safety
///
/// The address is that of a task that is being polled; the caller may be on any thread.
unsafe fn clone_borrowed(data: *const ()) -> RawWaker {
    // SAFETY: the caller's.
    let waker = ManuallyDrop::new(unsafe { remote_waker(data) });
    RawWaker::new(waker.data(), waker.vtable())
}

/// # Safety
///
/// As [`clone_borrowed`].
unsafe fn wake_borrowed(data: *const ()) {
    // SAFETY: the address comes from `with_waker`, so it is not null.
    let address = unsafe { NonNull::new_unchecked(data.cast_mut()) };
    let local = |task: &TaskRef| {
        let local = task.header().task_loop.thread() == thread_token();
        if local {
            schedule(task);
        }
        local
    };
    // SAFETY: the poll keeps the task alive; on another thread nothing counts references on the way.
    if !unsafe { TaskRef::borrow_raw(address, local) } {
        // SAFETY: the caller's.
        unsafe { remote_waker(data) }.wake();
    }
}

/// # Safety
///
/// As [`clone_borrowed`].
unsafe fn remote_waker(data: *const ()) -> Waker {
    // SAFETY: the address comes from `with_waker`, so it is not null.
    let data = unsafe { NonNull::new_unchecked(data.cast_mut()) };
    let of = |task: &TaskRef| {
        let header = task.header();
        // On another thread the cells must not be touched: it gets a half of its own, from fields that never change.
        if header.task_loop.thread() == thread_token() {
            Waker::from(header.remote().clone())
        } else {
            Waker::from(Arc::new(header.new_remote()))
        }
    };
    // SAFETY: the poll keeps the task alive, and nothing counts references on the way.
    unsafe { TaskRef::borrow_raw(data, of) }
}
