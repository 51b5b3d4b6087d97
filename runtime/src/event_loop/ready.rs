//! The ready queue: a ring in which a step is written straight into its place.
//!
//! `VecDeque::push_back` may unwind between the making of a value and its writing, so the compiler keeps the value in
//! memory and copies it: written in halves, read as a whole, which makes the processor wait for longer than
//! everything else in scheduling a task takes. Here the room is made first. Pure.

use std::mem;
use std::rc::Rc;

use super::Source;
use crate::handle::{Call, Runnable};

/// One thing that is due.
pub(crate) enum Ready {
    /// A place that is free.
    Nothing,
    Step(Runnable),
    Call(Rc<dyn Call>),
    Source(Rc<dyn Source>),
}

const FIRST_CAPACITY: usize = 64;
/// A burst of more than this does not keep its room while the loop sleeps.
const KEPT_CAPACITY: usize = 4096;

/// What is due, oldest first.
pub(super) struct ReadyQueue {
    /// Its length is a power of two. Places outside of the queue hold `Nothing`.
    places: Vec<Ready>,
    head: usize,
    len: usize,
}

impl ReadyQueue {
    pub(super) fn new() -> Self {
        Self { places: Vec::new(), head: 0, len: 0 }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(super) fn push(&mut self, make: impl FnOnce() -> Ready) {
        if self.len == self.places.len() {
            self.grow();
        }
        let index = (self.head + self.len) & (self.places.len() - 1);
        self.len += 1;
        // The place held nothing, so there is nothing to drop.
        mem::forget(mem::replace(&mut self.places[index], make()));
    }

    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<Ready> {
        if self.len == 0 {
            return None;
        }
        let index = self.head;
        self.head = (index + 1) & (self.places.len() - 1);
        self.len -= 1;
        Some(mem::replace(&mut self.places[index], Ready::Nothing))
    }

    /// What was pushed last.
    pub(super) fn pop_back(&mut self) -> Option<Ready> {
        if self.len == 0 {
            return None;
        }
        self.len -= 1;
        let index = (self.head + self.len) & (self.places.len() - 1);
        Some(mem::replace(&mut self.places[index], Ready::Nothing))
    }

    /// Changes the order of the steps among the first `count`; all else keeps its place. `below` draws a number.
    pub(super) fn shuffle_steps(&mut self, count: usize, below: impl Fn(usize) -> usize) {
        let mask = self.places.len().wrapping_sub(1);
        let places = (0..count.min(self.len)).map(|offset| (self.head + offset) & mask);
        let steps: Vec<usize> = places.filter(|place| matches!(self.places[*place], Ready::Step(_))).collect();
        for last in (1..steps.len()).rev() {
            self.places.swap(steps[last], steps[below(last + 1)]);
        }
    }

    /// Gives back the room of a burst that is over. For when the loop is about to sleep.
    pub(super) fn shrink(&mut self) {
        if self.len == 0 && self.places.len() > KEPT_CAPACITY {
            *self = Self::new();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let capacity = (self.places.len() * 2).max(FIRST_CAPACITY);
        let mut places = Vec::with_capacity(capacity);
        while let Some(ready) = self.pop() {
            places.push(ready);
        }
        self.len = places.len();
        self.head = 0;
        places.resize_with(capacity, || Ready::Nothing);
        self.places = places;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::CallCell;
    use std::cell::RefCell;
    use std::panic::Location;

    #[test]
    fn order_is_kept_across_growth_and_wrapping() {
        let ran = Rc::new(RefCell::new(Vec::new()));
        let mut queue = ReadyQueue::new();
        let mut pushed = 0;
        let mut popped = 0;
        for round in 1..200 {
            for _ in 0..round % 17 {
                let (ran, number) = (ran.clone(), pushed);
                let call = CallCell::new(move || ran.borrow_mut().push(number), None, Location::caller());
                queue.push(|| Ready::Call(Rc::new(call)));
                pushed += 1;
            }
            for _ in 0..round % 13 {
                if let Some(Ready::Call(call)) = queue.pop() {
                    call.invoke().unwrap();
                    popped += 1;
                }
            }
            assert_eq!(queue.len(), pushed - popped);
        }
        assert_eq!(*ran.borrow(), (0..popped).collect::<Vec<_>>());
    }
}
