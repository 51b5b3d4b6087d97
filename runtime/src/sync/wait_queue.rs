//! Who waits, oldest first: the one queue under every lock, event, condition, semaphore, barrier and queue.
//!
//! A list through a slab: entering, leaving from the middle and waking take the same time however many wait, and
//! nothing is allocated before somebody has to wait. Whoever was woken keeps its place until it has run, so that a
//! newcomer can see that it is not its turn; so the woken ones stand in front, and the rest sleep behind them:
//!
//! ```text
//!   head ─▶ woken ─▶ woken ─▶ asleep ─▶ asleep ◀─ tail
//!                               ▲ asleep
//! ```
//!
//! The queue does not know what is waited for. What a wake-up means, and to whom it goes if its receiver leaves, is
//! for the owner to say. The slab is written here, not taken from the crate of that name: free places are chained by
//! the same links as the waiters.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::task::Context;

use crate::handle::LocalWaker;

/// A place in the queue; its owner gives it back by [`WaitQueue::leave`] or [`WaitQueue::leave_if_woken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u32);

/// No place: the end of a list. No slab grows as far.
const NOWHERE: u32 = u32::MAX;

/// A queue that was longer than this gives its memory back once it is empty.
const KEPT_CAPACITY: usize = 1024;

/// The waiters of one thing.
pub(crate) struct WaitQueue {
    list: RefCell<List>,
}

struct List {
    nodes: Vec<Node>,
    head: u32,
    tail: u32,
    /// The oldest that was not woken yet; whoever stands before it was.
    asleep: u32,
    /// The free places, chained by `next`.
    free: u32,
}

struct Node {
    /// Taken out by the one wake-up. A free place has none.
    waker: Option<LocalWaker>,
    previous: u32,
    next: u32,
}

impl WaitQueue {
    pub(crate) const fn new() -> Self {
        Self { list: RefCell::new(List::new()) }
    }

    /// Whether nobody is there, neither asleep nor woken.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().head == NOWHERE
    }

    /// How many are there. It counts them.
    pub(crate) fn len(&self) -> usize {
        let list = self.list.borrow();
        let mut len = 0;
        let mut index = list.head;
        while let Some(node) = list.nodes.get(index as usize) {
            index = node.next;
            len += 1;
        }
        len
    }

    /// Goes to sleep at the end.
    #[inline]
    pub(crate) fn enter(&self, context: &Context<'_>) -> Place {
        // Outside of the borrow: a foreign waker's clone is anybody's code.
        let waker = LocalWaker::new(context);
        self.list.borrow_mut().append(waker)
    }

    /// If the wake-up has come, gives the place back. If not, it will wake whoever polls now.
    #[inline]
    pub(crate) fn leave_if_woken(&self, place: Place, context: &Context<'_>) -> bool {
        let mut list = self.list.borrow_mut();
        match &list.nodes[place.index()].waker {
            None => {
                list.remove(place);
                true
            }
            Some(waker) if waker.will_wake(context) => false,
            Some(_) => {
                drop(list);
                self.renew(place, context);
                false
            }
        }
    }

    #[cold]
    fn renew(&self, place: Place, context: &Context<'_>) {
        let waker = LocalWaker::new(context);
        let former = self.list.borrow_mut().nodes[place.index()].waker.replace(waker);
        drop(former);
    }

    /// Gives the place back, whatever has happened. True: it had been woken.
    pub(crate) fn leave(&self, place: Place) -> bool {
        let mut list = self.list.borrow_mut();
        let waker = list.nodes[place.index()].waker.take();
        list.remove(place);
        drop(list);
        waker.is_none()
    }

    /// Wakes the oldest that is asleep; false if there is none.
    #[inline]
    pub(crate) fn wake_next(&self) -> bool {
        let waker = self.list.borrow_mut().wake();
        match waker {
            Some(waker) => {
                waker.wake();
                true
            }
            None => false,
        }
    }

    /// Wakes the oldest of all, unless it was woken before.
    #[inline]
    pub(crate) fn wake_first(&self) {
        let mut list = self.list.borrow_mut();
        if list.asleep != list.head {
            return;
        }
        let waker = list.wake();
        drop(list);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Wakes all who are there now, in their order.
    pub(crate) fn wake_all(&self) {
        // Counted before: what a wake-up runs may bring new ones.
        for _ in 0..self.len() {
            if !self.wake_next() {
                return;
            }
        }
    }
}

impl Place {
    #[inline]
    fn index(self) -> usize {
        self.0 as usize
    }
}

impl List {
    const fn new() -> Self {
        Self { nodes: Vec::new(), head: NOWHERE, tail: NOWHERE, asleep: NOWHERE, free: NOWHERE }
    }

    /// Puts a waker behind all others.
    #[inline]
    fn append(&mut self, waker: LocalWaker) -> Place {
        let previous = self.tail;
        let index = match self.nodes.get_mut(self.free as usize) {
            Some(node) => {
                let index = mem::replace(&mut self.free, node.next);
                // Field by field: a node that is built elsewhere and copied is written in words and read in pairs of
                // them, for which the processor waits. A free place has no waker, so there is nothing to drop.
                mem::forget(node.waker.replace(waker));
                node.previous = previous;
                node.next = NOWHERE;
                index
            }
            None => self.push(Node { waker: Some(waker), previous, next: NOWHERE }),
        };
        self.tail = index;
        match self.nodes.get_mut(previous as usize) {
            Some(last) => last.next = index,
            None => self.head = index,
        }
        if self.asleep == NOWHERE {
            self.asleep = index;
        }
        Place(index)
    }

    #[cold]
    fn push(&mut self, node: Node) -> u32 {
        let index = u32::try_from(self.nodes.len()).expect("fewer tasks wait than fit into the memory");
        self.nodes.push(node);
        index
    }

    /// Frees a place whose waker was taken out.
    #[inline]
    fn remove(&mut self, place: Place) {
        let node = &mut self.nodes[place.index()];
        debug_assert!(node.waker.is_none(), "a free place has no waker");
        let Node { previous, next, .. } = *node;
        node.next = mem::replace(&mut self.free, place.0);
        match self.nodes.get_mut(previous as usize) {
            Some(node) => node.next = next,
            None => self.head = next,
        }
        match self.nodes.get_mut(next as usize) {
            Some(node) => node.previous = previous,
            None => self.tail = previous,
        }
        if self.asleep == place.0 {
            self.asleep = next;
        }
        if self.head == NOWHERE && self.nodes.len() > KEPT_CAPACITY {
            *self = Self::new();
        }
    }

    #[inline]
    fn wake(&mut self) -> Option<LocalWaker> {
        let node = self.nodes.get_mut(self.asleep as usize)?;
        self.asleep = node.next;
        node.waker.take()
    }
}

impl fmt::Debug for WaitQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitQueue").field("len", &self.len()).finish()
    }
}
