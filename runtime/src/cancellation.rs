//! The cancel cell: how a cancel reaches what runs, without being a value that somebody could swallow.
//!
//! A task has one cell, and so has each branch that is polled inside it. A request marks the cell and wakes its
//! owner. A leaf that is polled again under a marked cell stays `Pending`, whatever came in; the innermost
//! *boundary* (the task's root, `finally!`, `catch_cancelled`, `timeout`, a branch) sees `Pending` and the mark,
//! takes it, and drops the future it holds, so that destructors run from the inside out. To go on leaving, a
//! boundary marks the cell again and returns `Pending` itself.
//!
//! A leaf that awaits a task or future relays the request there first, and leaves once that has ended as cancelled.
//! The cell knows it by what it awaits and by the step in which it last said so, and wants it to answer in the next
//! step: a leaf that is kept elsewhere, as foreign combinators do, cannot take the request with it.

mod branch;

use std::cell::Cell;
use std::rc::Rc;

use crate::exceptions::{CancelledError, Message};
use crate::handle::CancelTarget;
use crate::sys::Scoped;

/// Something that is awaited and can be cancelled in its own right.
pub(crate) trait Target {
    /// True if the request was accepted.
    fn cancel(self: Rc<Self>, message: Option<Message>) -> bool;
}

/// What a suspended task awaits, if that can be cancelled.
pub(crate) enum Awaited {
    Future(Rc<dyn Target>),
    Task(CancelTarget),
}

impl Awaited {
    fn cancel(&self, message: Option<Message>) -> bool {
        match self {
            Self::Future(future) => future.clone().cancel(message),
            Self::Task(task) => task.cancel(message),
        }
    }

    fn address(&self) -> *const () {
        match self {
            Self::Future(future) => Rc::as_ptr(future).cast(),
            Self::Task(task) => task.address(),
        }
    }
}

/// What a cell says to what runs under it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    None,
    /// The request was handed on, and the leaf that is asked must say in the coming step that it is still there.
    Asked,
    /// Leave at the next suspension.
    Leave,
}

/// The cancel state of a task or branch.
#[derive(Default)]
pub(crate) struct CancelCell {
    mark: Cell<Mark>,
    /// The request was handed on to what is awaited; its end decides. Only while that is noted.
    relayed: Cell<bool>,
    /// Counts what ran under this cell. Small, so that a task stays small; see [`begin_step`](Self::begin_step).
    step: Cell<u16>,
    /// Requests minus `uncancel`s; and [`LOST`].
    count: Cell<u32>,
    /// Made when it is first needed: most tasks are never cancelled and many await no task.
    rare: Cell<Option<Box<Rare>>>,
}

#[derive(Default)]
struct Rare {
    message: Option<Message>,
    awaited: Option<Awaited>,
    /// In which step the leaf was pending.
    step: u16,
}

/// The bit of the count that says that one of the requests is nobody's but the branch's: another one has won. In there, so
/// that a task stays small.
const LOST: u32 = 1 << 31;

thread_local! {
    static CURRENT: Scoped<CancelCell> = const { Scoped::new() };
}

impl CancelCell {
    /// One more request, by which what runs under this cell shall leave at its next suspension.
    pub(crate) fn request(&self, message: Option<Message>) {
        self.count_one_more();
        self.mark(message);
    }

    /// One more request from outside, to something that is suspended: what it awaits is cancelled if that accepts.
    /// It must run afterwards in either case: to leave, or to say that it still awaits that.
    pub(crate) fn request_or_relay(&self, message: Option<Message>) {
        let step = self.step.get();
        // Out of the cell while it is called: it may reach back here.
        if let Some(awaited) = self.with_rare(|rare| rare.awaited.take().filter(|_| rare.step == step)).flatten() {
            let accepted = awaited.cancel(message.clone());
            self.make_rare(|rare| rare.awaited.get_or_insert(awaited).address());
            if accepted {
                self.count_one_more();
                self.relayed.set(true);
                if self.mark.get() == Mark::None {
                    self.mark.set(Mark::Asked);
                }
                return;
            }
        }
        self.request(message);
    }

    fn count_one_more(&self) {
        self.set_count((self.count() + 1).min(!LOST));
    }

    fn set_count(&self, count: u32) {
        self.count.set(self.count.get() & LOST | count);
    }

    /// Marks the cell: what runs under it leaves at its next suspension.
    pub(crate) fn mark(&self, message: Option<Message>) {
        if self.mark.replace(Mark::Leave) != Mark::Leave && message.is_some() {
            self.make_rare(|rare| rare.message = message);
        }
    }

    /// Nothing was asked for.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.mark.get() == Mark::None
    }

    #[inline]
    pub(crate) fn is_marked(&self) -> bool {
        self.mark.get() == Mark::Leave
    }

    /// Takes the mark, and the message with it.
    #[inline]
    pub(crate) fn take_mark(&self) -> Option<CancelledError> {
        if self.is_marked() { Some(self.take()) } else { None }
    }

    /// The step is over, and nobody took the mark. True: a request was handed on and nobody answered, so that it is
    /// marked now and another step is due.
    #[inline]
    pub(crate) fn is_unanswered(&self) -> bool {
        if self.mark.get() != Mark::Asked {
            return false;
        }
        self.relayed.set(false);
        self.mark.set(Mark::Leave);
        true
    }

    #[cold]
    fn take(&self) -> CancelledError {
        self.mark.set(Mark::None);
        self.relayed.set(false);
        let message = self.with_rare(|rare| rare.message.take()).flatten();
        CancelledError::from_message(message)
    }

    /// How many requests there are.
    pub(crate) fn count(&self) -> u32 {
        self.count.get() & !LOST
    }

    /// How many requests there are whose mark has been met: those that were there when something begins now.
    pub(crate) fn met(&self) -> u32 {
        self.count().saturating_sub(u32::from(self.is_marked()))
    }

    /// Takes one request back; at zero an undelivered mark goes too.
    pub(crate) fn uncancel(&self) -> u32 {
        let count = self.count().saturating_sub(1);
        self.set_count(count);
        if count == 0 {
            drop(self.take_mark());
        }
        count
    }

    /// Something is about to run under this cell.
    #[inline]
    fn begin_step(&self) {
        let step = self.step.get().wrapping_add(1);
        self.step.set(step);
        if step == 0 {
            self.forget_steps();
        }
    }

    /// Numbers begin anew, so none of before may stay. What a request was handed on to is known by its address.
    #[cold]
    fn forget_steps(&self) {
        if !self.relayed.get() {
            let awaited = self.with_rare(|rare| rare.awaited.take());
            drop(awaited);
        }
    }

    fn set_awaited(&self, awaited: Awaited) {
        let step = self.step.get();
        let former = self.make_rare(|rare| {
            rare.step = step;
            rare.awaited.replace(awaited)
        });
        drop(former);
    }

    /// Whether something is noted as awaited in this step. If it is this, the note is renewed, and the request that
    /// was handed on to it answered.
    fn still_awaits(&self, address: *const ()) -> bool {
        let step = self.step.get();
        let awaits = self.with_rare(|rare| {
            if rare.awaited.as_ref().is_some_and(|awaited| awaited.address() == address) {
                rare.step = step;
                self.answer();
            }
            rare.awaited.is_some() && rare.step == step
        });
        awaits.unwrap_or(false)
    }

    /// Whether a request was handed on to this.
    fn was_handed_to(&self, address: *const ()) -> bool {
        let noted = |rare: &mut Rare| rare.awaited.as_ref().is_some_and(|awaited| awaited.address() == address);
        self.relayed.get() && self.with_rare(noted).unwrap_or(false)
    }

    fn answer(&self) {
        if self.mark.get() == Mark::Asked {
            self.mark.set(Mark::None);
        }
    }

    /// This is not awaited any more. True: it was what is noted, and a request was handed on to it.
    fn release(&self, address: *const ()) -> bool {
        let awaited = self.with_rare(|rare| rare.awaited.take_if(|awaited| awaited.address() == address)).flatten();
        if awaited.is_none() || !self.relayed.replace(false) {
            return false;
        }
        self.answer();
        true
    }

    /// Calls `f` with what few cells have, if this one has it. `f` calls nobody else's code.
    fn with_rare<R>(&self, f: impl FnOnce(&mut Rare) -> R) -> Option<R> {
        let mut rare = self.rare.take()?;
        let result = f(&mut rare);
        self.rare.set(Some(rare));
        Some(result)
    }

    /// As [`with_rare`](Self::with_rare); made if it is not there.
    fn make_rare<R>(&self, f: impl FnOnce(&mut Rare) -> R) -> R {
        let mut rare = self.rare.take().unwrap_or_default();
        let result = f(&mut rare);
        self.rare.set(Some(rare));
        result
    }

    /// Lets go of what was awaited, at the end of the cell's owner.
    pub(crate) fn clear(&self) {
        drop(self.rare.take());
    }
}

/// Calls `f` with a cell as the current one.
#[inline]
pub(crate) fn with_cell<R>(cell: &CancelCell, f: impl FnOnce() -> R) -> R {
    cell.begin_step();
    CURRENT.with(|current| current.set(Some(cell), f))
}

/// As [`with_cell`], where none is current outside: for a task that the loop runs.
#[inline]
pub(crate) fn with_only_cell<R>(cell: &CancelCell, f: impl FnOnce() -> R) -> R {
    cell.begin_step();
    CURRENT.with(|current| current.set_only(cell, f))
}

/// Calls `f` with no current cell.
pub(crate) fn without_cell<R>(f: impl FnOnce() -> R) -> R {
    CURRENT.with(|current| current.set(None, f))
}

/// Calls `f` with the current cell.
#[inline]
pub(crate) fn current<R>(f: impl FnOnce(Option<&CancelCell>) -> R) -> R {
    CURRENT.with(|current| current.with(f))
}

/// Whether what runs now shall leave at its next suspension.
#[inline]
pub(crate) fn is_marked() -> bool {
    current(|cell| cell.is_some_and(CancelCell::is_marked))
}

/// For a boundary whose future returned `Pending`: takes the mark if there is one.
#[inline]
pub(crate) fn take_mark() -> Option<CancelledError> {
    current(|cell| cell.filter(|cell| cell.is_marked()).and_then(CancelCell::take_mark))
}

/// For a boundary that has cleaned up: go on leaving.
pub(crate) fn leave(error: CancelledError) {
    current(|cell| {
        if let Some(cell) = cell {
            cell.mark(error.into_message());
        }
    });
}

/// How a leaf that awaits a task or future takes part; one for each leaf.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    address: Option<*const ()>,
    /// A request was handed on. Kept here as well, for a leaf may move to another branch and so to another cell.
    handed_on: bool,
}

impl Relay {
    /// The leaf is pending: notes what is awaited, and hands a request on that has come already.
    ///
    /// `target` is only called where it is needed.
    pub(crate) fn pending(&mut self, address: *const (), target: impl FnOnce() -> Awaited) {
        current(|cell| {
            let Some(cell) = cell else { return };
            if !cell.is_marked() && self.address.is_some() && cell.still_awaits(address) {
                self.handed_on |= cell.was_handed_to(address);
                return;
            }
            self.address = Some(address);
            if cell.relayed.get() && !cell.is_marked() {
                // What the request was handed on to must be found again when it has ended.
                return;
            }
            let target = target();
            if cell.is_marked() {
                let message = cell.with_rare(|rare| rare.message.clone()).flatten();
                let count = cell.count.get();
                let accepted = target.cancel(message);
                // It came back here: these tasks await each other in a circle, and this one is who leaves.
                let came_back = cell.count.replace(count) != count;
                if accepted && !came_back {
                    drop(cell.take_mark());
                    cell.relayed.set(true);
                    self.handed_on = true;
                }
            }
            cell.set_awaited(target);
        });
    }

    /// What was awaited is done; `cancelled` is how, if it was cancelled. True: the leaf must stay `Pending`, for the
    /// request that was handed on has come back.
    pub(crate) fn done(&mut self, cancelled: impl FnOnce() -> Option<CancelledError>) -> bool {
        let Some(address) = self.address.take() else { return false };
        let handed_on = self.handed_on;
        current(|cell| {
            let Some(cell) = cell.filter(|cell| cell.release(address) || handed_on) else { return false };
            match cancelled() {
                Some(error) => {
                    cell.mark(error.into_message());
                    true
                }
                None => false,
            }
        })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let Some(address) = self.address.take() else { return };
        current(|cell| {
            // Let go of by hand before the request came back: then it is this task's to leave.
            if let Some(cell) = cell.filter(|cell| cell.release(address)) {
                cell.mark(None);
            }
        });
    }
}
