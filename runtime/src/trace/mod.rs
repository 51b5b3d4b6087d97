//! The await trace: which coroutine of a suspended task waits in which, and for what; always on.
//!
//! Whoever returns `Pending` writes one entry into a thread-local array, the leaf first and the outermost coroutine
//! last; the task's step copies the array once. An entry knows where what it holds begins, so that the array is a tree
//! in postorder: the branches of a `select!` stand beside each other, and the entry of the `select!` behind them.
//!
//! ```text
//!   entry    sleep   lock  reader()  select!  serve()  main()
//!   begins     0      1       1         0        0        0
//! ```
//!
//! A leaf that nothing of ours stands around is all there is of most steps: it is kept apart, in two words, and becomes
//! an entry when one comes that holds it.
//!
//! What was written before and does not wait any more is overwritten: whoever is polled begins at `base`, which only
//! those that have several branches move. Nothing is paid where nothing suspends, but for a link of the chain of those
//! that run, and the future grows by no byte for it.

mod trail;

pub(crate) use trail::Trail;

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Weak;

use crate::sys::Chain;

/// As many entries are kept of one step. Of more the innermost are lost, for the outermost say whose they are.
const CAPACITY: usize = 192;

/// One coroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Frame {
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: &'static str,
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

const NOTHING: Entry = Entry::Wait { start: 0, wait: Wait { kind: WaitsFor::Unknown, address: 0 } };

struct Log {
    /// How many entries there are.
    len: Cell<u32>,
    /// Where whoever is polled now begins to write.
    base: Cell<u32>,
    /// What the leaf said that suspended last, as long as it has no entry: then there is none from `base` on. The kind
    /// `Unknown` says that there is no such leaf, and the address is that of one before.
    kind: Cell<WaitsFor>,
    address: Cell<usize>,
    entries: [Cell<Entry>; CAPACITY],
    /// The coroutines that are being polled.
    running: Chain<Frame>,
    /// The first of them that belongs to an outer step.
    outer: Cell<usize>,
}

thread_local! {
    static LOG: Log = const {
        Log {
            len: Cell::new(0),
            base: Cell::new(0),
            kind: Cell::new(WaitsFor::Unknown),
            address: Cell::new(0),
            entries: [const { Cell::new(NOTHING) }; CAPACITY],
            running: Chain::new(),
            outer: Cell::new(0),
        }
    };
}

impl Log {
    /// There are as many entries, and no leaf without one.
    #[inline]
    fn cut(&self, len: u32) {
        self.len.set(len);
        self.kind.set(WaitsFor::Unknown);
    }

    /// What that leaf waits for.
    #[inline]
    fn leaf(&self) -> Wait {
        let kind = self.kind.get();
        Wait { kind, address: if kind == WaitsFor::Unknown { 0 } else { self.address.get() } }
    }

    /// Gives the leaf an entry, if it has none.
    #[inline]
    fn settle(&self) {
        if self.kind.get() != WaitsFor::Unknown {
            let wait = self.leaf();
            self.kind.set(WaitsFor::Unknown);
            self.write(Entry::Wait { start: self.base.get(), wait });
        }
    }

    #[inline]
    fn push(&self, entry: Entry) {
        self.settle();
        self.write(entry);
    }

    #[inline]
    fn write(&self, entry: Entry) {
        let len = self.len.get();
        if let Some(place) = self.entries.get(len as usize) {
            place.set(entry);
            self.len.set(len + 1);
        } else if let Some(last) = self.entries.last() {
            // One that has no place takes that of the last.
            last.set(entry);
            self.len.set(CAPACITY as u32);
        }
    }
}

/// Polls a coroutine: `poll` says whether it has suspended.
#[inline]
pub(crate) fn coroutine<R>(frame: &Frame, poll: impl FnOnce() -> R, is_pending: impl FnOnce(&R) -> bool) -> R {
    LOG.with(|log| {
        let start = log.base.get();
        log.cut(start);
        let result = log.running.link(frame, poll);
        if is_pending(&result) {
            log.settle();
            log.write(Entry::Frame { start, frame: *frame });
        } else {
            log.cut(start);
        }
        result
    })
}

/// A leaf that is about to return `Pending` says what it waits for.
#[inline]
pub(crate) fn waits_for(kind: WaitsFor, address: usize) {
    LOG.with(|log| {
        log.len.set(log.base.get());
        log.kind.set(kind);
        log.address.set(address);
    });
}

/// The address of something, for [`waits_for`].
#[inline]
pub(crate) fn address_of<T: ?Sized>(thing: &T) -> usize {
    std::ptr::from_ref(thing).cast::<()>().addr()
}

/// What was polled was dropped where it stood, though it had said what it waits for.
pub(crate) fn forget() {
    LOG.with(|log| log.cut(log.base.get()));
}

/// Several things are polled by one until this is dropped; those that have suspended are kept beside each other.
pub(crate) struct Branches {
    base: u32,
}

impl Branches {
    #[inline]
    pub(crate) fn begin() -> Self {
        LOG.with(|log| {
            let base = log.base.get();
            log.cut(base);
            Self { base }
        })
    }

    /// All of them have been polled, and it goes on waiting.
    #[inline]
    pub(crate) fn suspended(self, kind: WaitsFor, address: usize) {
        let start = self.base;
        LOG.with(|log| {
            log.push(Entry::Wait { start, wait: Wait { kind, address } });
            log.base.set(start);
        });
        std::mem::forget(self);
    }
}

impl Drop for Branches {
    #[inline]
    fn drop(&mut self) {
        LOG.with(|log| {
            log.base.set(self.base);
            log.cut(self.base);
        });
    }
}

/// One of several branches has suspended.
#[inline]
pub(crate) fn keep() {
    LOG.with(|log| {
        log.settle();
        log.base.set(log.len.get());
    });
}

/// The array belongs to one step, from its beginning on.
pub(crate) struct Step {
    base: u32,
}

impl Step {
    #[inline]
    pub(crate) fn begin() -> Self {
        LOG.with(|log| {
            let base = log.base.get();
            log.cut(base);
            Self { base }
        })
    }

    /// Calls `f` with what the step that has just suspended waits for, if that is one leaf, or nothing at all. False:
    /// there are entries.
    #[inline]
    pub(crate) fn is_leaf(&self, f: impl FnOnce(Wait)) -> bool {
        LOG.with(|log| {
            let is_leaf = log.len.get() == self.base;
            if is_leaf {
                f(log.leaf());
            }
            is_leaf
        })
    }

    /// Appends the entries of the step that has just suspended.
    #[inline]
    pub(crate) fn copy_to(&self, copy: &mut Vec<Entry>) {
        LOG.with(|log| {
            let entries = log.entries.get(self.base as usize..log.len.get() as usize).unwrap_or_default();
            copy.extend(entries.iter().map(Cell::get));
        });
        if self.base > 0 {
            copy.iter_mut().for_each(|entry| *entry = entry.moved(self.base));
        }
    }
}

/// What the step around this one has written, put back when this is dropped. Steps nest where a task is started
/// eagerly, and where the children of a scope are polled.
pub(crate) struct Outer {
    base: u32,
    len: u32,
    outer: usize,
}

impl Outer {
    pub(crate) fn new() -> Self {
        LOG.with(|log| {
            log.settle();
            let len = log.len.get();
            let base = log.base.replace(len);
            Self { base, len, outer: log.outer.replace(log.running.innermost()) }
        })
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        LOG.with(|log| {
            log.base.set(self.base);
            log.cut(self.len);
            log.outer.set(self.outer);
        });
    }
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

/// The coroutines that run in this very moment, innermost first, as far as the step goes.
pub(crate) fn running(mut each: impl FnMut(Frame)) {
    LOG.with(|log| log.running.each_until(log.outer.get(), |frame| each(*frame)));
}
