//! What the clones of a queue share: the items, who waits for them, and how many are not done yet.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::storage::Items;
use crate::exceptions::{Error, Result};
use crate::sync::{Bound, WaitQueue};

/// More items than fit into the memory.
const UNLIMITED: usize = usize::MAX;

pub(super) struct Shared<T> {
    items: RefCell<Items<T>>,
    /// Zero is no limit.
    pub(super) maxsize: usize,
    /// Items that were put and not reported by `task_done`.
    unfinished: Cell<usize>,
    /// How many items it may have now: `maxsize`, all there can be if that is zero, none once it is shut down.
    limit: Cell<usize>,
    pub(super) getters: WaitQueue,
    pub(super) putters: WaitQueue,
    pub(super) joiners: WaitQueue,
    bound: Bound,
}

impl<T> Shared<T> {
    pub(super) fn new(maxsize: usize, items: Items<T>) -> Self {
        Self {
            items: RefCell::new(items),
            maxsize,
            unfinished: Cell::new(0),
            limit: Cell::new(if maxsize == 0 { UNLIMITED } else { maxsize }),
            getters: WaitQueue::new(),
            putters: WaitQueue::new(),
            joiners: WaitQueue::new(),
            bound: Bound::new(),
        }
    }

    /// Puts an item in, and wakes a getter; gives it back if there is no room, or never will be.
    #[inline]
    pub(super) fn add(&self, item: T) -> Result<(), T> {
        {
            let mut items = self.items.borrow_mut();
            if items.len() >= self.limit.get() {
                return Err(item);
            }
            items.put(item);
        }
        self.unfinished.set(self.unfinished.get() + 1);
        self.getters.wake_next();
        Ok(())
    }

    /// Why nothing can be added.
    #[cold]
    pub(super) fn refusal(&self) -> Error {
        if self.is_shut() { Error::QueueShutDown } else { Error::QueueFull }
    }

    #[inline]
    pub(super) fn take(&self) -> Option<T> {
        let item = self.items.borrow_mut().get()?;
        if self.maxsize != 0 {
            self.putters.wake_next();
        }
        Some(item)
    }

    pub(super) fn is_shut(&self) -> bool {
        self.limit.get() == 0
    }

    #[inline]
    pub(super) fn qsize(&self) -> usize {
        self.items.borrow().len()
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.maxsize != 0 && self.qsize() >= self.maxsize
    }

    pub(super) fn unfinished(&self) -> usize {
        self.unfinished.get()
    }

    pub(super) fn check_loop(&self) -> Result<()> {
        self.bound.check("queue")
    }

    pub(super) fn finish(&self, items: usize) {
        let unfinished = self.unfinished.get().saturating_sub(items);
        self.unfinished.set(unfinished);
        if unfinished == 0 {
            self.joiners.wake_all();
        }
    }

    pub(super) fn shut(&self, immediate: bool) {
        self.limit.set(0);
        if immediate {
            self.discard();
        }
        self.getters.wake_all();
        self.putters.wake_all();
    }

    fn discard(&self) {
        let mut discarded = 0;
        loop {
            // Dropped outside of the borrow: its destructor may use the queue.
            let item = self.items.borrow_mut().get();
            match item {
                Some(item) => drop(item),
                None => break,
            }
            discarded += 1;
        }
        self.finish(discarded);
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, maxsize, unfinished, getters, putters, .. } = self;
        let shut = if self.is_shut() { " shutdown" } else { "" };
        write!(f, "<Queue{shut} maxsize={maxsize}, {:?}, unfinished: {}", items.borrow(), unfinished.get())?;
        write!(f, ", getters: {}, putters: {}>", getters.len(), putters.len())
    }
}
