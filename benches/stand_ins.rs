//! A queue and a lock made of futures, for the cases that need them until `asyncio::Queue` and `asyncio::Lock` have
//! their chapters. Only as good as those cases need: one thread, and nobody is cancelled.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use asyncio::Future;

/// An unbounded queue with one reader.
#[derive(Debug, Default)]
pub struct Queue {
    items: RefCell<VecDeque<u64>>,
    reader: RefCell<Option<Future<()>>>,
}

impl Queue {
    pub fn put_nowait(&self, item: u64) {
        self.items.borrow_mut().push_back(item);
        let reader = self.reader.borrow_mut().take();
        if let Some(reader) = reader {
            reader.set_result(()).expect("only this sets it");
        }
    }

    pub async fn get(&self) -> u64 {
        loop {
            let item = self.items.borrow_mut().pop_front();
            if let Some(item) = item {
                return item;
            }
            let arrival = Future::new().expect("a loop runs");
            *self.reader.borrow_mut() = Some(arrival.clone());
            arrival.await.expect("only put_nowait sets it");
        }
    }
}

/// A fair lock.
#[derive(Debug, Default)]
pub struct Lock {
    locked: Cell<bool>,
    waiters: RefCell<VecDeque<Future<()>>>,
}

impl Lock {
    pub async fn acquire(&self) {
        if !self.locked.replace(true) {
            return;
        }
        let turn = Future::new().expect("a loop runs");
        self.waiters.borrow_mut().push_back(turn.clone());
        turn.await.expect("only release sets it");
    }

    /// Hands the lock on; it stays locked if somebody waits.
    pub fn release(&self) {
        let next = self.waiters.borrow_mut().pop_front();
        match next {
            Some(next) => next.set_result(()).expect("only this sets it"),
            None => self.locked.set(false),
        }
    }
}
