//! What the ready queue and the leaves hold of a task without knowing tasks: an address and a table of functions.
//!
//! [`Runnable`] is one step that is due; [`LocalWaker`] is a task that waits for something on its own thread. The
//! table's functions are private to the room that makes the value, so they only ever meet their own addresses: that
//! is why calling them is safe, here and for everyone.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::ptr::NonNull;
use std::task::{Context, Waker};

use crate::exceptions::Message;

/// What can be done with a due step. Each of `run` and `drop` uses it up.
#[derive(Debug)]
pub(crate) struct RunnableVTable {
    pub(crate) run: fn(NonNull<()>),
    pub(crate) drop: fn(NonNull<()>),
    pub(crate) describe: fn(NonNull<()>) -> String,
    pub(crate) location: fn(NonNull<()>) -> &'static Location<'static>,
}

/// One step of a task, due in the next batch.
pub(crate) struct Runnable {
    data: NonNull<()>,
    vtable: &'static RunnableVTable,
}

impl Runnable {
    #[inline]
    pub(crate) fn new(data: NonNull<()>, vtable: &'static RunnableVTable) -> Self {
        Self { data, vtable }
    }

    #[inline]
    pub(crate) fn run(self) {
        let this = std::mem::ManuallyDrop::new(self);
        (this.vtable.run)(this.data);
    }

    pub(crate) fn describe(&self) -> String {
        (self.vtable.describe)(self.data)
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        (self.vtable.location)(self.data)
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        (self.vtable.drop)(self.data);
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// What can be done with a task that somebody awaits.
#[derive(Debug)]
pub(crate) struct CancelVTable {
    pub(crate) cancel: fn(NonNull<()>, Option<Message>) -> bool,
    pub(crate) drop: fn(NonNull<()>),
}

/// A task that is awaited, as its waiter's cancel cell keeps it.
pub(crate) struct CancelTarget {
    data: NonNull<()>,
    vtable: &'static CancelVTable,
}

impl CancelTarget {
    /// The caller hands over one reference.
    pub(crate) fn new(data: NonNull<()>, vtable: &'static CancelVTable) -> Self {
        Self { data, vtable }
    }

    /// True if the request was accepted.
    pub(crate) fn cancel(&self, message: Option<Message>) -> bool {
        (self.vtable.cancel)(self.data, message)
    }

    pub(crate) fn address(&self) -> *const () {
        self.data.as_ptr()
    }
}

impl Drop for CancelTarget {
    fn drop(&mut self) {
        (self.vtable.drop)(self.data);
    }
}

/// What can be done with a waiting task. Each of `wake` and `drop` uses one reference up.
#[derive(Debug)]
pub(crate) struct LocalWakerVTable {
    pub(crate) clone: fn(NonNull<()>),
    pub(crate) wake: fn(NonNull<()>),
    pub(crate) wake_by_ref: fn(NonNull<()>),
    pub(crate) drop: fn(NonNull<()>),
}

/// A task that waits, as the loop's own leaves keep it: no atomic, unlike a [`Waker`].
pub(crate) struct LocalWaker(Kind);

enum Kind {
    Task {
        data: NonNull<()>,
        vtable: &'static LocalWakerVTable,
    },
    /// Something between the leaf and the task has a waker of its own. Boxed, so that a `LocalWaker` is two words.
    Foreign(Box<Waker>),
}

/// The task that is being polled on this thread, by its address.
#[derive(Clone, Copy)]
pub(crate) struct Polled(pub(crate) NonNull<()>);

thread_local! {
    static POLLED: Cell<Option<Polled>> = const { Cell::new(None) };
    /// There is one kind of task, so its table need not travel with every address.
    static VTABLE: Cell<&'static LocalWakerVTable> = const { Cell::new(&UNSET) };
}

/// What stands in the table's place until the first task is made.
static UNSET: LocalWakerVTable =
    LocalWakerVTable { clone: no_task, wake: no_task, wake_by_ref: no_task, drop: no_task };

fn no_task(_data: NonNull<()>) {
    unreachable!("no task is polled before its table is set");
}

/// Says how the tasks of this thread are kept; before the first one is polled.
pub(crate) fn set_local_vtable(vtable: &'static LocalWakerVTable) {
    VTABLE.set(vtable);
}

/// Notes the task that is about to be polled; returns the one it is polled inside of, to be put back.
#[inline]
pub(crate) fn set_polled(polled: Option<Polled>) -> Option<Polled> {
    POLLED.replace(polled)
}

/// The task that is being polled on this thread.
#[inline]
pub(crate) fn polled() -> Option<Polled> {
    POLLED.get()
}

/// The task that is being polled, if the context's waker is its own.
#[inline]
fn own_task(context: &Context<'_>) -> Option<(NonNull<()>, &'static LocalWakerVTable)> {
    let Polled(data) = POLLED.get().filter(|polled| ptr_eq(context, polled.0))?;
    Some((data, VTABLE.get()))
}

impl LocalWaker {
    /// Whom to wake: the polled task itself if the context's waker is its own, else that waker.
    #[inline]
    pub(crate) fn new(context: &Context<'_>) -> Self {
        match own_task(context) {
            Some((data, vtable)) => {
                (vtable.clone)(data);
                Self(Kind::Task { data, vtable })
            }
            None => Self(Kind::Foreign(Box::new(context.waker().clone()))),
        }
    }

    /// Wakes whom the context would wake, for the next batch.
    #[inline]
    pub(crate) fn wake_context(context: &Context<'_>) {
        match own_task(context) {
            Some((data, vtable)) => (vtable.wake_by_ref)(data),
            None => context.waker().wake_by_ref(),
        }
    }

    #[inline]
    pub(crate) fn wake(self) {
        let this = std::mem::ManuallyDrop::new(self);
        match &this.0 {
            Kind::Task { data, vtable } => (vtable.wake)(*data),
            Kind::Foreign(_) => std::mem::ManuallyDrop::into_inner(this).wake_foreign(),
        }
    }

    #[cold]
    fn wake_foreign(mut self) {
        // Taken out, not moved out: this type has a destructor.
        if let Kind::Foreign(waker) = &mut self.0 {
            std::mem::replace(&mut **waker, Waker::noop().clone()).wake();
        }
    }

    /// Whether this wakes the same as `context` would.
    #[inline]
    pub(crate) fn will_wake(&self, context: &Context<'_>) -> bool {
        match &self.0 {
            Kind::Task { data, .. } => ptr_eq(context, *data),
            Kind::Foreign(waker) => waker.will_wake(context.waker()),
        }
    }
}

#[inline]
fn ptr_eq(context: &Context<'_>, data: NonNull<()>) -> bool {
    std::ptr::eq(context.waker().data(), data.as_ptr())
}

impl Drop for LocalWaker {
    #[inline]
    fn drop(&mut self) {
        if let Kind::Task { data, vtable } = &self.0 {
            (vtable.drop)(*data);
        }
    }
}

impl fmt::Debug for LocalWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalWaker").finish_non_exhaustive()
    }
}

const _: () = assert!(size_of::<LocalWaker>() == 2 * size_of::<usize>(), "it stands in every timer and waiter");
