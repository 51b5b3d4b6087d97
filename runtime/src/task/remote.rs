//! The half of a task that other threads hold: a number, and the loop's inbox.
//!
//! It has no address of the task, so nothing that another thread does with a waker can reach the task's memory, and a
//! waker that outlives its task wakes nobody. On the loop's own thread a wake goes straight to the ready queue.

use std::ptr;
use std::sync::Arc;
use std::task::Wake;

use super::registry::TaskLoop;
use super::waker;
use crate::event_loop::{Inner, Posted, RemoteWake, Shared, current_inner};
use crate::sys::Ticket;

pub(super) struct Remote {
    shared: Arc<Shared>,
    slot: u32,
    id: u32,
    ticket: Ticket,
}

impl Remote {
    pub(super) fn new(shared: Arc<Shared>, slot: u32, id: u32) -> Self {
        Self { shared, slot, id, ticket: Ticket::new() }
    }

    fn schedule(&self, inner: &Inner) {
        if let Some(task) = inner.existing_slot::<TaskLoop>().and_then(|tasks| tasks.find(self.slot, self.id)) {
            waker::schedule(&task);
        }
    }
}

impl Wake for Remote {
    fn wake(self: Arc<Self>) {
        Self::wake_by_ref(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let local = current_inner(|inner| match inner {
            Some(inner) if ptr::eq(Arc::as_ptr(inner.shared()), Arc::as_ptr(&self.shared)) => {
                self.schedule(inner);
                true
            }
            _ => false,
        });
        if !local && self.ticket.take() {
            // A closed loop has no tasks to wake.
            self.shared.post(Posted::Wake(self.clone()));
        }
    }
}

impl RemoteWake for Remote {
    fn deliver(self: Arc<Self>, inner: &Inner) {
        self.ticket.delivered();
        self.schedule(inner);
    }
}
