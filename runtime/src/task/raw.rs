//! The block of a task: header, then the future or its outcome; and the reference that everything else holds.
//!
//! # Safety
//!
//! A block is made by [`TaskRef::new`] and freed when the last [`TaskRef`] goes. `TaskRef` is `!Send`, so all counting
//! and all access to the stage happen on the loop's thread. Wakers that may leave the thread hold a
//! [`Remote`](super::remote::Remote) instead, which has a number and no address. The stage is touched
//!
//! - by [`TaskRef::poll`] and [`TaskRef::store`], which the step calls under the flag RUNNING, and the loop's end
//!   when no step runs: so there is never a second reference to it;
//! - by [`TaskRef::clone_outcome`] and its like, after the flag DONE, when nobody polls any more.

use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::future::Future;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use super::header::Header;
use super::output::TaskOutput;
use super::pool::Pool;
use super::state::Ending;
use crate::exceptions::{Error, Result};

#[repr(C)]
struct Block<F: Future<Output: TaskOutput>> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

enum Stage<F: Future<Output: TaskOutput>> {
    Running(F),
    /// `None` once it was taken by the one owner. In a cell of its own: a look at the stage leaves it untouched.
    Done(Outcome<<F::Output as TaskOutput>::Value>),
}

type Outcome<T> = UnsafeCell<Option<Result<T>>>;

pub(super) struct VTable {
    poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> Poll<Ending>,
    store: unsafe fn(NonNull<Header>, Error),
    /// Points to the `Outcome<T>`.
    outcome: unsafe fn(NonNull<Header>) -> NonNull<()>,
    error: unsafe fn(NonNull<Header>) -> Option<Error>,
    drop: unsafe fn(NonNull<Header>),
    layout: Layout,
}

impl<F: Future<Output: TaskOutput>> Block<F> {
    const VTABLE: &'static VTable = &VTable {
        poll: Self::poll,
        store: Self::store,
        outcome: Self::outcome,
        error: Self::error,
        drop: Self::drop,
        layout: Layout::new::<Self>(),
    };

    /// # Safety
    ///
    /// The header is that of a live block of this type, and no reference to its stage exists.
    unsafe fn stage<'a>(header: NonNull<Header>) -> &'a mut Stage<F> {
        // SAFETY: the caller says that the block is one of this type; the header is its first field.
        let block = unsafe { header.cast::<Self>().as_ref() };
        // SAFETY: the caller says that there is no other reference.
        unsafe { &mut *block.stage.get() }
    }

    /// # Safety
    ///
    /// The header is that of a live block of this type, and nothing refers to its stage for writing.
    unsafe fn look<'a>(header: NonNull<Header>) -> &'a Stage<F> {
        // SAFETY: the caller says that the block is one of this type; the header is its first field.
        let block = unsafe { header.cast::<Self>().as_ref() };
        // SAFETY: the caller says that nobody writes.
        unsafe { &*block.stage.get() }
    }

    /// # Safety
    ///
    /// As [`stage`](Self::stage).
    unsafe fn poll(header: NonNull<Header>, context: &mut Context<'_>) -> Poll<Ending> {
        // SAFETY: the caller's.
        let stage = unsafe { Self::stage(header) };
        let Stage::Running(future) = stage else { unreachable!("a task that is done is not polled") };
        // SAFETY: the future never moves: it lies in its block until it is dropped in place.
        let future = unsafe { Pin::new_unchecked(future) };
        match future.poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(output) => {
                let outcome = output.into_result();
                let ending = Ending::of(&outcome);
                *stage = Stage::Done(UnsafeCell::new(Some(outcome)));
                Poll::Ready(ending)
            }
        }
    }

    /// # Safety
    ///
    /// As [`stage`](Self::stage).
    unsafe fn store(header: NonNull<Header>, error: Error) {
        // SAFETY: the caller's.
        let stage = unsafe { Self::stage(header) };
        *stage = Stage::Done(UnsafeCell::new(Some(Err(error))));
    }

    /// # Safety
    ///
    /// As [`look`](Self::look), and the task is done.
    unsafe fn outcome(header: NonNull<Header>) -> NonNull<()> {
        // SAFETY: the caller's.
        match unsafe { Self::look(header) } {
            Stage::Done(outcome) => NonNull::from(outcome).cast(),
            Stage::Running(_) => unreachable!("a task that is done has stored its outcome"),
        }
    }

    /// # Safety
    ///
    /// As [`look`](Self::look), and nobody is taking the outcome.
    unsafe fn error(header: NonNull<Header>) -> Option<Error> {
        // SAFETY: the caller's.
        let Stage::Done(outcome) = (unsafe { Self::look(header) }) else { return None };
        // SAFETY: the outcome is taken in one move that runs no other code, so nobody is writing now.
        match unsafe { &*outcome.get() } {
            Some(Err(error)) => Some(error.clone()),
            _ => None,
        }
    }

    /// # Safety
    ///
    /// The block is of this type, and this is the last that is done with it.
    unsafe fn drop(header: NonNull<Header>) {
        // SAFETY: the caller's.
        unsafe { ptr::drop_in_place(header.cast::<Self>().as_ptr()) };
    }
}

/// One reference to a task's block.
pub(super) struct TaskRef {
    header: NonNull<Header>,
}

impl TaskRef {
    /// A new block from the pool of the loop, with one reference.
    ///
    /// The room is made before the header, so that the header is written where it will stay: built elsewhere and
    /// copied, it would be written in words and read in pairs of them, for which the processor waits.
    #[inline(always)]
    pub(super) fn new<F>(pool: &Pool, future: F, header: impl FnOnce(&'static VTable) -> Header) -> Self
    where
        F: Future<Output: TaskOutput> + 'static,
    {
        let place = pool.allocate(Layout::new::<Block<F>>()).cast::<Block<F>>();
        // SAFETY: the pool gave room for a block of this layout, which nobody else uses.
        unsafe {
            place.write(Block { header: header(Block::<F>::VTABLE), stage: UnsafeCell::new(Stage::Running(future)) });
        }
        let task = Self { header: place.cast() };
        debug_assert_eq!(task.header().references.get(), 1, "the new block has the one reference that is returned");
        task
    }

    /// Gives the reference up for its address.
    #[inline]
    pub(super) fn into_raw(self) -> NonNull<()> {
        let header = self.header;
        std::mem::forget(self);
        header.cast()
    }

    /// # Safety
    ///
    /// The address comes from [`into_raw`](Self::into_raw), on this thread, and is used for one reference only.
    #[inline]
    pub(super) unsafe fn from_raw(data: NonNull<()>) -> Self {
        Self { header: data.cast() }
    }

    /// Calls `f` with the task of an address whose reference somebody else keeps.
    ///
    /// # Safety
    ///
    /// As [`from_raw`](Self::from_raw), but the reference is not used up.
    #[inline]
    pub(super) unsafe fn borrow_raw<R>(data: NonNull<()>, f: impl FnOnce(&Self) -> R) -> R {
        // SAFETY: the caller's; the reference is not given up, for the value is never dropped.
        let task = std::mem::ManuallyDrop::new(unsafe { Self::from_raw(data) });
        f(&task)
    }

    pub(super) fn address(&self) -> NonNull<()> {
        self.header.cast()
    }

    #[inline]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: a reference keeps the block alive, and the header is only ever shared.
        unsafe { self.header.as_ref() }
    }

    /// Polls the future; `Ready` with how it ended, once the outcome is stored. For the step, under the flag RUNNING.
    #[inline]
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Ending> {
        debug_assert!(self.header().state.is_running(), "only a step polls");
        #[cfg(feature = "tracing")]
        let _span = super::spans::enter_own(self);
        // SAFETY: the vtable belongs to the block, and RUNNING excludes every other access to the stage.
        let poll = unsafe { (self.header().vtable.poll)(self.header, context) };
        #[cfg(feature = "tracing")]
        super::spans::polled(self, poll.is_ready());
        poll
    }

    /// Drops the future, or an outcome, and stores an error. For the step, under the flag RUNNING.
    pub(super) fn store(&self, error: Error) {
        debug_assert!(self.header().state.is_running(), "only a step stores");
        #[cfg(feature = "tracing")]
        let _span = super::spans::again(self);
        // SAFETY: as in `poll`.
        unsafe { (self.header().vtable.store)(self.header, error) }
        #[cfg(feature = "tracing")]
        super::spans::polled(self, true);
    }

    /// The error that is stored, if the future has failed. For the step, and for all once the task is done.
    pub(super) fn error(&self) -> Option<Error> {
        debug_assert!(self.header().state.is_running() || self.header().state.is_done(), "else it is being polled");
        // SAFETY: the vtable belongs to the block; after DONE nobody polls, and no reference outlives its call.
        unsafe { (self.header().vtable.error)(self.header) }
    }

    /// The outcome of a task that is done, cloned; `None` if it was taken.
    ///
    /// # Safety
    ///
    /// `T` is the value type of the task.
    ///
    /// # Panics
    ///
    /// If the task is not done.
    pub(super) unsafe fn clone_outcome<T: Clone>(&self) -> Option<Result<T>> {
        // SAFETY: the caller's.
        let outcome = unsafe { self.outcome_cell::<T>() };
        // SAFETY: `T::clone` may look at this outcome again, which is no harm, and cannot take it: that needs the one
        // `Task<T>`, which is lent to the caller.
        unsafe { (*outcome.get()).clone() }
    }

    /// Takes the outcome of a task that is done; `None` if it was taken.
    ///
    /// # Safety
    ///
    /// `T` is the value type of the task, and the caller owns its one `Task<T>`.
    ///
    /// # Panics
    ///
    /// If the task is not done.
    pub(super) unsafe fn take_outcome<T>(&self) -> Option<Result<T>> {
        // SAFETY: the caller's.
        let outcome = unsafe { self.outcome_cell::<T>() };
        // SAFETY: a look at the outcome borrows the `Task<T>` that the caller owns, so there is none now.
        unsafe { (*outcome.get()).take() }
    }

    /// # Safety
    ///
    /// `T` is the value type of the task.
    unsafe fn outcome_cell<T>(&self) -> &Outcome<T> {
        assert!(self.header().state.is_done(), "the outcome is there once the task is done");
        // SAFETY: the vtable belongs to the block, and DONE excludes a poll.
        let outcome = unsafe { (self.header().vtable.outcome)(self.header) };
        // SAFETY: the caller says that `T` is right; the block lives as long as this reference to it.
        unsafe { outcome.cast().as_ref() }
    }

    #[cold]
    fn free(&mut self) {
        let task_loop = self.header().task_loop.clone();
        let layout = self.header().vtable.layout;
        // SAFETY: the vtable belongs to the block, and the last reference has gone.
        unsafe { (self.header().vtable.drop)(self.header) };
        // SAFETY: it came from this pool with this layout, and is not used any more.
        unsafe { task_loop.pool.release(self.header.cast(), layout) };
    }
}

impl Clone for TaskRef {
    #[inline]
    fn clone(&self) -> Self {
        let references = &self.header().references;
        // Four thousand million references can only come from forgetting them in a loop.
        references.set(references.get().checked_add(1).unwrap_or_else(|| std::process::abort()));
        Self { header: self.header }
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let references = &self.header().references;
        references.set(references.get() - 1);
        if references.get() == 0 {
            self.free();
        }
    }
}
