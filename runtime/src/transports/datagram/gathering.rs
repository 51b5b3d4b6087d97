//! Gathering: several datagrams leave together, and none later than the batch of callbacks in which it was sent.
//!
//! ```text
//!              first datagram: it leaves at once       the batch has run: all leave
//!   AtOnce ────────────────────────────────────▶ Batch ────────────────────────────▶ AtOnce
//!
//!              several datagrams came in               their callbacks have run: all answers leave
//!   AtOnce ────────────────────────────────────▶ Turn ─────────────────────────────▶ AtOnce
//! ```
//!
//! So a single datagram never waits and its error is known at once, while a burst costs one way through the system.
//! Whatever shows what waits, or ends the endpoint, lets what was gathered leave before.

use std::net::SocketAddr;
use std::rc::Rc;

use super::Datagram;
use super::queue::Queue;
use super::sending::overflow;
use crate::event_loop::Source;
use crate::sys::{Address, Readiness};

/// As many datagrams leave when they are there, without waiting for more.
const DATAGRAMS: usize = 64;
/// So do as many bytes.
const BYTES: usize = 60_000;
/// A datagram of more bytes leaves by itself: copying it costs more than it saves.
const LARGE: usize = 8 * 1024;

/// What becomes of the next datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gathering {
    /// It leaves at once.
    AtOnce,
    /// One has left in this batch of callbacks: it leaves when they have run.
    Batch,
    /// One datagram came in, and is being handed to the protocol: the first answer leaves at once.
    TurnOfOne,
    /// Several datagrams came in: it leaves when all of them were handed to the protocol.
    Turn,
}

/// Whether it leaves without waiting for more.
#[inline]
fn is_full(queue: &Queue) -> bool {
    queue.len() >= DATAGRAMS || queue.size() >= BYTES
}

impl Datagram {
    /// Whether the next datagram is gathered. Asked once for each. Between unix sockets nothing would be saved, and
    /// the receiver of each may be another one that has no room.
    #[inline]
    pub(super) fn gathers(&self, length: usize) -> bool {
        match self.gathering.get() {
            _ if self.unix => false,
            Gathering::Turn | Gathering::Batch => length <= LARGE,
            Gathering::TurnOfOne => {
                self.gathering.set(Gathering::Turn);
                false
            }
            Gathering::AtOnce => {
                if self.net.inner().at_end_of_batch(|| Some(self.this.upgrade()? as Rc<dyn Source>)) {
                    self.gathering.set(Gathering::Batch);
                }
                false
            }
        }
    }

    /// Whether what waits was only gathered: the system has not refused it.
    #[inline]
    pub(super) fn has_gathered(&self) -> bool {
        self.gathered.get()
    }

    /// Gathers one more datagram like the newest that was gathered. False: it is another one, and nothing was done.
    ///
    /// Whatever ends the endpoint lets what was gathered leave before, so all that was asked for that one holds still.
    #[inline]
    pub(super) fn gather_another(&self, data: &[u8], to: &SocketAddr) -> bool {
        if !self.gathered.get() {
            return false;
        }
        let mut outgoing = self.outgoing.borrow_mut();
        if !outgoing.queue.repeat(data, to) {
            return false;
        }
        let full = is_full(&outgoing.queue);
        drop(outgoing);
        if full {
            self.flush_gathered();
        }
        true
    }

    pub(super) fn gather(&self, data: &[u8], to: Option<Address>) {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.queue.is_empty() {
            outgoing.queue = self.net.datagrams().take_queue();
        }
        outgoing.queue.push(data, to);
        let full = is_full(&outgoing.queue);
        drop(outgoing);
        self.gathered.set(true);
        if full {
            self.flush_gathered();
        }
    }

    /// Sends what was gathered. What the system refuses waits from now on.
    #[inline]
    pub(super) fn flush_gathered(&self) {
        if self.gathered.get() {
            self.flush_now();
        }
    }

    fn flush_now(&self) {
        self.gathered.set(false);
        self.set_writable(true);
        let gathered = self.outgoing.borrow().queue.len();
        self.send_waiting(gathered);
        if self.has_waiting() && self.readiness.get().has(Readiness::WRITABLE) {
            // A protocol that answers each error with another datagram has its turn among the others.
            self.queue();
        }
        self.bound_waiting();
        let mut outgoing = self.outgoing.borrow_mut();
        let size = outgoing.queue.size();
        outgoing.flow.grown(size);
        drop(outgoing);
        self.settle_now();
    }

    /// Drops the newest of what waits, as far as the hard limit wants it.
    fn bound_waiting(&self) {
        loop {
            let mut outgoing = self.outgoing.borrow_mut();
            let limit = outgoing.hard_limit;
            if outgoing.queue.size() <= limit {
                return;
            }
            let Some(last) = outgoing.queue.pop_last() else { return };
            outgoing.dropped += 1;
            drop(outgoing);
            self.failed(overflow(limit), last.or_else(|| self.peer()));
        }
    }

    /// The callbacks have run among which datagrams were sent.
    pub(super) fn gathering_ended(&self) {
        self.gathering.set(Gathering::AtOnce);
        if self.has_gathered() {
            self.in_context(|| self.flush_gathered());
        }
    }
}
