//! The memory that a loop lends to its TLS connections, for as long as one event is worked on.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::spool::Spool;
use crate::event_loop::{Inner, Slot};

/// How many spools are kept: two an event, and two more for a layer on a layer.
const KEPT: usize = 4;

/// A spool that grew larger than this is not kept.
const LARGEST: usize = 1024 * 1024;

/// The spools of one loop that nobody uses.
pub(super) struct Memory {
    spools: RefCell<Vec<Spool>>,
}

impl Memory {
    pub(super) fn of(inner: &Rc<Inner>) -> Rc<Self> {
        inner.slot()
    }

    /// Lends an empty spool.
    pub(super) fn lend(&self) -> Lent<'_> {
        let spool = self.spools.borrow_mut().pop().unwrap_or_default();
        Lent { owner: self, spool }
    }
}

impl Slot for Memory {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        Rc::new(Self { spools: RefCell::default() })
    }

    fn close(&self) {
        self.spools.take();
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("spools", &self.spools.borrow().len()).finish()
    }
}

/// A lent spool. It goes back when this is dropped.
pub(super) struct Lent<'a> {
    owner: &'a Memory,
    spool: Spool,
}

impl Deref for Lent<'_> {
    type Target = Spool;

    fn deref(&self) -> &Spool {
        &self.spool
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Spool {
        &mut self.spool
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut spool = std::mem::take(&mut self.spool);
        spool.clear();
        let mut spools = self.owner.spools.borrow_mut();
        if spools.len() < KEPT && spool.capacity() <= LARGEST {
            spools.push(spool);
        }
    }
}
