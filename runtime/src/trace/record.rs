//! The array in which a step notes what it polls, and everybody who writes to it.

use std::cell::Cell;
use std::panic::Location;

use super::{Entry, Frame, Wait, WaitsFor, postorder};

/// As many coroutines inside of each other are noted, and as many entries of branches. Of more the innermost are lost,
/// for the outermost say whose they are.
const CAPACITY: usize = 192;

const NOBODY: Frame = Frame { location: Location::caller(), name: &"" };

const NOTHING: Entry = Entry::Wait { start: 0, wait: Wait { kind: WaitsFor::Unknown, address: 0 } };

/// What suspended last: the coroutines from the present depth up to `top`, and inside of them somebody who waits for
/// `kind`. That is `Unknown` if nobody has said so.
#[derive(Clone, Copy)]
struct Suspended {
    top: u32,
    kind: WaitsFor,
    /// It holds branches: those kept from `base` on.
    branched: bool,
}

impl Suspended {
    const fn unknown(top: u32) -> Self {
        Self { top, kind: WaitsFor::Unknown, branched: false }
    }
}

struct Log {
    /// The coroutines that are being polled, outermost first, and behind them those of what suspended last.
    frames: [Cell<Frame>; CAPACITY],
    /// How many are being polled.
    depth: Cell<u32>,
    /// The first of them that belongs to the present step.
    outer: Cell<u32>,
    suspended: Cell<Suspended>,
    /// Which one of its kind; none if that is unknown.
    address: Cell<usize>,
    /// The branches that have suspended.
    kept: [Cell<Entry>; CAPACITY],
    len: Cell<u32>,
    /// Where those begin that whoever suspended last holds.
    base: Cell<u32>,
}

thread_local! {
    static LOG: Log = const {
        Log {
            frames: [const { Cell::new(NOBODY) }; CAPACITY],
            depth: Cell::new(0),
            outer: Cell::new(0),
            suspended: Cell::new(Suspended::unknown(0)),
            address: Cell::new(0),
            kept: [const { Cell::new(NOTHING) }; CAPACITY],
            len: Cell::new(0),
            base: Cell::new(0),
        }
    };
}

impl Log {
    /// Nothing has suspended inside of those that are being polled, or nothing of ours.
    #[inline]
    fn nothing(&self, depth: u32) {
        self.suspended.set(Suspended::unknown(depth));
    }

    /// Somebody is about to suspend.
    #[inline]
    fn suspends(&self, kind: WaitsFor, address: usize, branched: bool) {
        self.suspended.set(Suspended { top: self.depth.get(), kind, branched });
        self.address.set(address);
    }

    /// What the innermost of those that suspended last waits for.
    #[inline]
    fn wait(&self) -> Wait {
        let kind = self.suspended.get().kind;
        Wait { kind, address: if kind == WaitsFor::Unknown { 0 } else { self.address.get() } }
    }

    /// The branches that it holds.
    #[inline]
    fn branches(&self) -> &[Cell<Entry>] {
        let end = if self.suspended.get().branched { self.len.get() } else { self.base.get() };
        self.kept.get(self.base.get() as usize..end as usize).unwrap_or_default()
    }

    /// As they are in a list of their own.
    fn list_of_branches(&self) -> impl Iterator<Item = Entry> + '_ {
        let base = self.base.get();
        self.branches().iter().map(move |entry| entry.get().moved(base))
    }

    /// The coroutines in which it suspended, outermost first.
    #[inline]
    fn frames(&self) -> &[Cell<Frame>] {
        let top = CAPACITY.min(self.suspended.get().top as usize);
        self.frames.get(self.depth.get() as usize..top).unwrap_or_default()
    }

    /// All of it, as a list of its own.
    fn entries(&self) -> Vec<Entry> {
        let frames: Vec<_> = self.frames().iter().map(Cell::get).collect();
        postorder(self.list_of_branches().collect(), self.wait(), &frames)
    }

    /// Puts what suspended last beside the branches that did so before.
    fn keep(&self) {
        let start = self.base.get();
        self.len.set(start + self.branches().len() as u32);
        let wait = self.wait();
        if wait.kind != WaitsFor::Unknown {
            self.write(Entry::Wait { start, wait });
        }
        self.frames().iter().rev().for_each(|frame| self.write(Entry::Frame { start, frame: frame.get() }));
        self.base.set(self.len.get());
        self.nothing(self.depth.get());
    }

    fn write(&self, entry: Entry) {
        let len = self.len.get();
        if let Some(place) = self.kept.get(len as usize) {
            place.set(entry);
            self.len.set(len + 1);
        } else if let Some(last) = self.kept.last() {
            // One that has no place takes that of the last.
            last.set(entry);
        }
    }
}

/// The place of one coroutine among those that are being polled. Dropped by a panic, nothing in it waits.
struct Level<'a> {
    log: &'a Log,
    depth: u32,
}

impl<'a> Level<'a> {
    #[inline]
    fn enter(log: &'a Log, frame: Frame) -> Self {
        let depth = log.depth.get();
        if let Some(place) = log.frames.get(depth as usize) {
            place.set(frame);
        }
        log.depth.set(depth + 1);
        // Until somebody in it says more, this is what there is to say if it suspends.
        log.nothing(depth + 1);
        Self { log, depth }
    }

    #[inline]
    fn leave_suspended(self) {
        self.log.depth.set(self.depth);
        std::mem::forget(self);
    }
}

impl Drop for Level<'_> {
    #[inline]
    fn drop(&mut self) {
        self.log.depth.set(self.depth);
        self.log.nothing(self.depth);
    }
}

/// Polls a coroutine: `is_pending` says whether it has suspended.
#[inline]
pub(crate) fn coroutine<R>(frame: Frame, poll: impl FnOnce() -> R, is_pending: impl FnOnce(&R) -> bool) -> R {
    LOG.with(|log| {
        let level = Level::enter(log, frame);
        let result = poll();
        if is_pending(&result) {
            level.leave_suspended();
        }
        result
    })
}

/// A leaf that is about to return `Pending` says what it waits for.
#[inline]
pub(crate) fn waits_for(kind: WaitsFor, address: usize) {
    LOG.with(|log| log.suspends(kind, address, false));
}

/// What was polled was dropped where it stood, though it had said what it waits for.
pub(crate) fn forget() {
    LOG.with(|log| log.nothing(log.depth.get()));
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
            log.len.set(base);
            log.nothing(log.depth.get());
            Self { base }
        })
    }

    /// All of them have been polled, and it goes on waiting.
    #[inline]
    pub(crate) fn suspended(self, kind: WaitsFor, address: usize) {
        LOG.with(|log| {
            log.base.set(self.base);
            log.suspends(kind, address, true);
        });
        std::mem::forget(self);
    }
}

impl Drop for Branches {
    #[inline]
    fn drop(&mut self) {
        LOG.with(|log| {
            log.base.set(self.base);
            log.nothing(log.depth.get());
        });
    }
}

/// All of what suspended last, in the coroutine or boundary that asks.
pub(super) fn entries() -> Vec<Entry> {
    LOG.with(Log::entries)
}

/// One of several branches has suspended.
#[inline]
pub(crate) fn keep() {
    LOG.with(Log::keep);
}

/// One step, from its beginning on.
pub(crate) struct Step(());

impl Step {
    #[inline]
    pub(crate) fn begin() -> Self {
        LOG.with(|log| log.nothing(log.depth.get()));
        Self(())
    }

    /// What the step waits for that has just suspended; and whether there is no more to say of it.
    #[inline]
    pub(crate) fn waits_for(&self) -> (Wait, bool) {
        LOG.with(|log| {
            let Suspended { top, branched, .. } = log.suspended.get();
            (log.wait(), top == log.depth.get() && !branched)
        })
    }

    /// Calls `f` with the coroutines in which it suspended, outermost first, and whether the innermost holds branches.
    #[inline]
    pub(crate) fn with_frames<R>(&self, f: impl FnOnce(&[Cell<Frame>], bool) -> R) -> R {
        LOG.with(|log| f(log.frames(), log.suspended.get().branched))
    }

    /// Appends the branches.
    pub(crate) fn copy_branches_to(&self, copy: &mut Vec<Entry>) {
        LOG.with(|log| copy.extend(log.list_of_branches()));
    }
}

/// What the step around this one has noted, put back when this is dropped. Steps nest where a task is started eagerly,
/// and where the children of a scope are polled.
pub(crate) struct Outer {
    depth: u32,
    outer: u32,
    suspended: Suspended,
    address: usize,
    len: u32,
    base: u32,
}

impl Outer {
    pub(crate) fn new() -> Self {
        LOG.with(|log| {
            // The step inside writes behind everything that is noted.
            let suspended = log.suspended.get();
            let len = log.len.get();
            Self {
                depth: log.depth.replace(suspended.top),
                outer: log.outer.replace(suspended.top),
                suspended,
                address: log.address.get(),
                len,
                base: log.base.replace(len),
            }
        })
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        LOG.with(|log| {
            log.depth.set(self.depth);
            log.outer.set(self.outer);
            log.suspended.set(self.suspended);
            log.address.set(self.address);
            log.len.set(self.len);
            log.base.set(self.base);
        });
    }
}

/// The coroutines that run in this very moment, innermost first, as far as the step goes.
pub(crate) fn running(each: impl FnMut(Frame)) {
    LOG.with(|log| {
        let depth = CAPACITY.min(log.depth.get() as usize);
        let frames = log.frames.get(log.outer.get() as usize..depth).unwrap_or_default();
        frames.iter().rev().map(Cell::get).for_each(each);
    });
}
