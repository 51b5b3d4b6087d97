//! The await trace: which coroutine of a suspended task waits in which, always on.
//!
//! A coroutine that returns `Pending` writes its name and creation site into a thread-local array at its depth; the
//! leaf says what it waits for; the task's step copies the array once. Nothing is paid where nothing suspends, and
//! the future grows by no byte for it.

use std::cell::Cell;
use std::panic::Location;

/// Deeper chains are cut here.
const DEPTH: usize = 64;

/// One suspended coroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) name: &'static str,
    pub(crate) location: &'static Location<'static>,
}

/// What the innermost one waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// A future of somebody else's.
    #[default]
    Unknown,
    Sleep,
    Future,
    Task,
    /// A job in another thread.
    Thread,
    /// Several tasks or futures.
    Several,
    /// The first of several branches.
    Select,
    /// The children of a group or scope.
    Children,
    Lock,
    Event,
    Condition,
    Semaphore,
    Barrier,
    /// An item of a queue.
    Get,
    /// Room in a queue.
    Put,
    /// That the items of a queue are done.
    Join,
    /// That a socket is ready.
    Socket,
    /// Bytes of a stream.
    Read,
    /// Room in the write buffer of a stream.
    Drain,
    /// The end of a stream's connection.
    Close,
}

struct Stack {
    /// How many coroutines are being polled.
    depth: Cell<usize>,
    /// How many frames the last suspended chain has.
    top: Cell<usize>,
    frames: [Cell<Option<Frame>>; DEPTH],
    waits_for: Cell<WaitsFor>,
}

thread_local! {
    static STACK: Stack = const {
        Stack {
            depth: Cell::new(0),
            top: Cell::new(0),
            frames: [const { Cell::new(None) }; DEPTH],
            waits_for: Cell::new(WaitsFor::Unknown),
        }
    };
}

/// A coroutine is being polled until this is dropped.
pub(crate) struct Entered {
    depth: usize,
}

impl Entered {
    #[inline]
    pub(crate) fn new() -> Self {
        STACK.with(|stack| {
            let depth = stack.depth.get();
            stack.depth.set(depth + 1);
            stack.top.set(depth);
            Self { depth }
        })
    }

    /// The coroutine has returned `Pending`.
    #[inline]
    pub(crate) fn suspended(&self, frame: Frame) {
        STACK.with(|stack| {
            if let Some(place) = stack.frames.get(self.depth) {
                place.set(Some(frame));
            }
            // Nobody deeper has written: this is the innermost one.
            if stack.top.get() <= self.depth {
                stack.top.set(self.depth + 1);
            }
        });
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        STACK.with(|stack| stack.depth.set(self.depth));
    }
}

/// A leaf that is about to return `Pending` says what it waits for.
#[inline]
pub(crate) fn waits_for(what: WaitsFor) {
    STACK.with(|stack| stack.waits_for.set(what));
}

/// Several branches were polled: the frames that they wrote stand beside each other and are no chain, so the chain
/// ends here.
pub(crate) fn branches(what: WaitsFor) {
    STACK.with(|stack| {
        stack.top.set(stack.depth.get());
        stack.waits_for.set(what);
    });
}

/// The array belongs to one step, from its beginning on.
pub(crate) struct Step {
    depth: usize,
}

impl Step {
    #[inline]
    pub(crate) fn begin() -> Self {
        STACK.with(|stack| {
            let depth = stack.depth.get();
            stack.top.set(depth);
            stack.waits_for.set(WaitsFor::Unknown);
            Self { depth }
        })
    }

    /// The frames of the step that has just suspended, outermost first.
    #[inline]
    pub(crate) fn frames(&self, mut each: impl FnMut(Frame)) {
        STACK.with(|stack| {
            let top = stack.top.get().min(DEPTH);
            for frame in stack.frames.get(self.depth..top).unwrap_or_default() {
                frame.get().into_iter().for_each(&mut each);
            }
        });
    }

    /// Whether there are any.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        STACK.with(|stack| stack.top.get() <= self.depth)
    }

    pub(crate) fn waits_for(&self) -> WaitsFor {
        STACK.with(|stack| stack.waits_for.get())
    }
}

/// What the step around this one has written, put back when this is dropped. Steps nest where a task is started
/// eagerly, and where the children of a scope are polled.
pub(crate) struct Outer {
    depth: usize,
    top: usize,
    waits_for: WaitsFor,
}

impl Outer {
    pub(crate) fn new() -> Self {
        STACK.with(|stack| Self { depth: stack.depth.get(), top: stack.top.get(), waits_for: stack.waits_for.get() })
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        STACK.with(|stack| {
            stack.depth.set(self.depth);
            stack.top.set(self.top);
            stack.waits_for.set(self.waits_for);
        });
    }
}
