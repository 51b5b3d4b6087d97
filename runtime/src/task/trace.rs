//! The await trace that a task keeps of its last step.

use std::cell::{Cell, RefCell};

use crate::trace::Entry;

/// The entries, and where they are: another process reads that, without asking.
#[derive(Debug, Default)]
pub(super) struct Trace {
    entries: RefCell<Vec<Entry>>,
    pub(super) address: Cell<usize>,
    pub(super) len: Cell<usize>,
}

impl Trace {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    /// Empties it, and lets `fill` write it anew. Keeps the memory.
    #[inline]
    pub(super) fn replace(&self, fill: impl FnOnce(&mut Vec<Entry>)) {
        let mut entries = self.entries.borrow_mut();
        self.len.set(0);
        entries.clear();
        fill(&mut entries);
        self.address.set(entries.as_ptr().addr());
        self.len.set(entries.len());
    }

    /// The outermost entry.
    pub(super) fn last(&self) -> Option<Entry> {
        self.entries.borrow().last().copied()
    }

    pub(super) fn copy(&self) -> Vec<Entry> {
        self.entries.borrow().clone()
    }
}
