//! The await trace: which coroutine of a suspended task waits in which, and for what; always on.
//!
//! Whoever is polled notes itself in a thread-local array, at its depth, and leaves its place when its poll returns. When
//! a leaf suspends, what stands before it in the array is the way to it, and it stays there while everybody returns: the
//! leaf says how many there are, and the task's step copies them once.
//!
//! ```text
//!   depth     0        1         2
//!   frame   main()  serve()  reader()    suspended: three, in sleep()
//! ```
//!
//! Those that have several branches keep each that suspends, before the next is polled in the same places. What is kept
//! is a list of entries, the leaf first and the outermost coroutine last, each with the place where what it holds begins:
//! a tree in postorder, where branches stand beside each other. A copy of a trace is such a list as a whole.
//!
//! ```text
//!   entry    sleep   lock  reader()  select!  serve()  main()
//!   begins     0      1       1         0        0        0
//! ```
//!
//! What suspended before and does not wait any more is overwritten. Nothing is paid where nothing suspends, but for a
//! place in the array, and the future grows by no byte for it.

mod record;
mod trail;

pub(crate) use record::{Branches, Outer, Step, coroutine, forget, keep, running, waits_for};
pub(crate) use trail::Trail;

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Weak;

/// One coroutine. Two words, for it is copied at each poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Frame {
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: &'static &'static str,
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
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
    /// The body of a group or scope and its children.
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
    /// That a socket is ready; the address is its descriptor.
    Socket,
    /// Bytes of a stream; the address is its descriptor, if it is a socket, as in the next two.
    Read,
    /// Room in the write buffer of a stream.
    Drain,
    /// The end of a stream's connection.
    Close,
    /// The end of a process; the address is its number.
    Process,
    /// A transport that takes more of a file.
    SendFile,
    /// The result of a remote function.
    Call,
}

/// What somebody waits for, and which one of its kind: the address tells those that are alive from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Wait {
    pub(crate) kind: WaitsFor,
    pub(crate) address: usize,
}

/// One entry of a trace. `start` is the index of the first entry of what it holds, itself included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Entry {
    Wait { start: u32, wait: Wait },
    Frame { start: u32, frame: Frame },
}

impl Entry {
    pub(crate) fn start(&self) -> usize {
        match self {
            Self::Wait { start, .. } | Self::Frame { start, .. } => *start as usize,
        }
    }

    fn moved(self, by: u32) -> Self {
        match self {
            Self::Wait { start, wait } => Self::Wait { start: start.saturating_sub(by), wait },
            Self::Frame { start, frame } => Self::Frame { start: start.saturating_sub(by), frame },
        }
    }
}

/// A trace as one list: the branches of the innermost, what it waits for, and the coroutines around it, which are told
/// outermost first.
pub(crate) fn postorder(branches: Vec<Entry>, wait: Wait, frames: &[Frame]) -> Vec<Entry> {
    let mut entries = branches;
    if wait.kind != WaitsFor::Unknown {
        entries.push(Entry::Wait { start: 0, wait });
    }
    entries.extend(frames.iter().rev().map(|frame| Entry::Frame { start: 0, frame: *frame }));
    entries
}

/// The address of something, for [`waits_for`].
#[inline]
pub(crate) fn address_of<T: ?Sized>(thing: &T) -> usize {
    std::ptr::from_ref(thing).cast::<()>().addr()
}

/// Something that one task holds while others wait for it.
pub(crate) trait Holder {
    /// The address of the task that holds it.
    fn holder(&self) -> Option<usize>;
}

thread_local! {
    static HOLDERS: RefCell<Vec<(usize, Weak<dyn Holder>)>> = const { RefCell::new(Vec::new()) };
}

/// Somebody waits for this for the first time: from now on [`holder_of`] finds it by its address.
#[cold]
pub(crate) fn list_holder(address: usize, held: Weak<dyn Holder>) {
    // Who waits on a thread that ends waits all the same.
    let _ = HOLDERS.try_with(|holders| {
        let mut holders = holders.borrow_mut();
        if holders.len() == holders.capacity() {
            holders.retain(|(_, held)| held.strong_count() > 0);
        }
        holders.push((address, held));
    });
}

/// The address of the task that holds what is waited for here.
pub(crate) fn holder_of(address: usize) -> Option<usize> {
    let found = HOLDERS.try_with(|holders| {
        let holders = holders.borrow();
        holders.iter().filter(|(other, _)| *other == address).find_map(|(_, held)| held.upgrade())
    });
    found.ok().flatten()?.holder()
}
