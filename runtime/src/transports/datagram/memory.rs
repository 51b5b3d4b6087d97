//! Memory that the datagram endpoints of a loop share: one that waits for datagrams holds none.

use std::cell::Cell;

use super::queue::Queue;
use crate::sys::Incoming;

/// What one endpoint has at a time, for as long as it needs it. Who asks meanwhile gets memory of its own.
#[derive(Default)]
pub(in crate::transports) struct Memory {
    incoming: Cell<Option<Box<Incoming>>>,
    queue: Cell<Option<Queue>>,
}

impl Memory {
    pub(super) fn take_incoming(&self) -> Box<Incoming> {
        self.incoming.take().unwrap_or_else(|| Box::new(Incoming::new()))
    }

    pub(super) fn give_incoming(&self, incoming: Box<Incoming>) {
        self.incoming.set(Some(incoming));
    }

    pub(super) fn take_queue(&self) -> Queue {
        self.queue.take().unwrap_or_default()
    }

    pub(super) fn give_queue(&self, queue: Queue) {
        if queue.is_worth_keeping() {
            self.queue.set(Some(queue));
        }
    }
}
