//! The cancel cell: how a cancel reaches what runs, without being a value that somebody could swallow.
//!
//! A task has one cell, and so has each branch that is polled inside it. A request marks the cell and wakes its
//! owner. A leaf that is polled again under a marked cell stays `Pending`, whatever came in; the innermost
//! *boundary* (the task's root, `finally!`, `catch_cancelled`, `timeout`, a branch) sees `Pending` and the mark,
//! takes it, and drops the future it holds, so that destructors run from the inside out. To go on leaving, a
//! boundary marks the cell again and returns `Pending` itself.
//!
//! A leaf that awaits a task or future relays the request there first, and leaves once that has ended as cancelled.

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

/// The cancel state of a task or branch.
#[derive(Default)]
pub(crate) struct CancelCell {
    /// Leave at the next suspension.
    mark: Cell<bool>,
    /// The request was handed on to what is awaited; its end decides.
    relayed: Cell<bool>,
    /// Requests minus `uncancel`s.
    count: Cell<u32>,
    /// Made when it is first needed: most tasks are never cancelled and many await no task.
    rare: Cell<Option<Box<Rare>>>,
}

#[derive(Default)]
struct Rare {
    message: Option<Message>,
    awaited: Option<Awaited>,
}

thread_local! {
    static CURRENT: Scoped<CancelCell> = const { Scoped::new() };
}

impl CancelCell {
    /// One more request, by which what runs under this cell shall leave at its next suspension.
    pub(crate) fn request(&self, message: Option<Message>) {
        self.count.set(self.count.get().saturating_add(1));
        self.mark(message);
    }

    /// One more request from outside, to something that is suspended: what it awaits is cancelled if that accepts.
    /// True: it did, and there is nobody to be woken.
    pub(crate) fn request_or_relay(&self, message: Option<Message>) -> bool {
        // Out of the cell while it is called: it may reach back here.
        if let Some(awaited) = self.with_rare(|rare| rare.awaited.take()).flatten() {
            let accepted = awaited.cancel(message.clone());
            self.make_rare(|rare| rare.awaited.get_or_insert(awaited).address());
            if accepted {
                self.count.set(self.count.get().saturating_add(1));
                self.relayed.set(true);
                return true;
            }
        }
        self.request(message);
        false
    }

    /// Marks the cell: what runs under it leaves at its next suspension.
    pub(crate) fn mark(&self, message: Option<Message>) {
        if !self.mark.replace(true) && message.is_some() {
            self.make_rare(|rare| rare.message = message);
        }
    }

    #[inline]
    pub(crate) fn is_marked(&self) -> bool {
        self.mark.get()
    }

    /// Takes the mark, and the message with it.
    pub(crate) fn take_mark(&self) -> Option<CancelledError> {
        if !self.mark.replace(false) {
            return None;
        }
        self.relayed.set(false);
        let message = self.with_rare(|rare| rare.message.take()).flatten();
        Some(CancelledError::from_message(message))
    }

    /// How many requests there are.
    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }

    /// Takes one request back; at zero an undelivered mark goes too.
    pub(crate) fn uncancel(&self) -> u32 {
        let count = self.count.get().saturating_sub(1);
        self.count.set(count);
        if count == 0 {
            drop(self.take_mark());
        }
        count
    }

    fn set_awaited(&self, awaited: Awaited) {
        let former = self.make_rare(|rare| rare.awaited.replace(awaited));
        drop(former);
    }

    fn awaits(&self, address: *const ()) -> bool {
        let awaits = |rare: &mut Rare| rare.awaited.as_ref().is_some_and(|awaited| awaited.address() == address);
        self.with_rare(awaits).unwrap_or(false)
    }

    fn clear_awaited(&self, address: *const ()) {
        let awaited = self.with_rare(|rare| rare.awaited.take_if(|awaited| awaited.address() == address));
        drop(awaited);
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
    CURRENT.with(|current| current.set(Some(cell), f))
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
}

impl Relay {
    /// The leaf is pending: notes what is awaited, and hands a request on that has come already.
    ///
    /// `target` is only called where it is needed.
    pub(crate) fn pending(&mut self, address: *const (), target: impl FnOnce() -> Awaited) {
        current(|cell| {
            let Some(cell) = cell else { return };
            // A future that was polled under another cell before is not noted in this one yet.
            if !cell.is_marked() && self.address.is_some() && cell.awaits(address) {
                return;
            }
            let target = target();
            if cell.is_marked() {
                let message = cell.with_rare(|rare| rare.message.clone()).flatten();
                if target.cancel(message) {
                    drop(cell.take_mark());
                    cell.relayed.set(true);
                }
            }
            self.address = Some(address);
            cell.set_awaited(target);
        });
    }

    /// What was awaited is done; `cancelled` is how, if it was cancelled. True: the leaf must stay `Pending`, for the
    /// request that was handed on has come back.
    pub(crate) fn done(&mut self, cancelled: impl FnOnce() -> Option<CancelledError>) -> bool {
        // A leaf that never was pending has handed nothing on.
        let Some(address) = self.address.take() else { return false };
        current(|cell| {
            let Some(cell) = cell else { return false };
            cell.clear_awaited(address);
            if !cell.relayed.replace(false) {
                return false;
            }
            match cancelled() {
                Some(error) => {
                    cell.mark(error.into_message());
                    true
                }
                None => false,
            }
        })
    }

    fn clear(&mut self) {
        if let Some(address) = self.address.take() {
            current(|cell| {
                if let Some(cell) = cell {
                    cell.clear_awaited(address);
                }
            });
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.clear();
    }
}
