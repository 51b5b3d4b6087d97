//! Who finds out that datagrams are there: the poller, or, while they come in a stream, each batch of callbacks by itself.
//!
//! The system tells the poller of each datagram, at the expense of whoever sends it, also while the loop is busy and will
//! look anyway. So a socket at which most reads find several is not watched any more: it is read in each batch, until a
//! read finds nothing. That one empty read is the only one; then the poller watches again, and reports at once what has
//! come meanwhile.
//!
//! ```text
//!                  most reads find several datagrams
//!   by the poller ──────────────────────────────────▶ by each batch
//!                 ◀──────────────────────────────────
//!                  a read found nothing, reading is paused, or room to send is waited for
//! ```

use std::cell::Cell;
use std::io;
use std::time::Duration;

use super::Datagram;
use crate::event_loop::SourceKey;
use crate::sys::{Interest, RawFd, Readiness, WATCHING_COSTS_SENDERS};

/// So many more reads have to find several datagrams than one alone: at first, and at most.
const READS: (u8, u8) = (4, 32);
/// Until the next look at a socket that the system refuses to watch.
const LATER: Duration = Duration::from_millis(50);
/// A stream that is over after fewer batches was not worth the calls that it takes to begin and to end it.
const WORTH_IT: u8 = 4;

#[derive(Debug)]
pub(super) struct Watching {
    /// The poller does not watch. Then the endpoint is queued or runs, and its readiness says that it can be read; or a
    /// timer looks.
    off: Cell<bool>,
    /// The poller should watch again and cannot, which was told.
    refused: Cell<bool>,
    /// A timer looks, because of that.
    later: Cell<bool>,
    /// How many more reads have found several datagrams than one alone; or in how many batches it was read since it is off.
    reads: Cell<u8>,
    /// How many it takes.
    needed: Cell<u8>,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            off: Cell::new(false),
            refused: Cell::new(false),
            later: Cell::new(false),
            reads: Cell::new(0),
            needed: Cell::new(READS.0),
        }
    }
}

impl Datagram {
    /// So many datagrams were received in this turn.
    #[inline]
    pub(super) fn turn_received(&self, count: usize) {
        let watching = &self.watching;
        if watching.off.get() {
            if count == 0 {
                return self.watch();
            }
            watching.reads.set(watching.reads.get().saturating_add(1));
            return self.look_again();
        }
        if count < 2 {
            return watching.reads.set(watching.reads.get().saturating_sub(1));
        }
        let reads = watching.reads.get() + 1;
        watching.reads.set(reads);
        if reads >= watching.needed.get() {
            self.stop_watching();
        }
    }

    fn look_again(&self) {
        // A child of a fork shares the socket with its parent, and must leave it alone.
        if self.net.inner().check_usable().is_ok() {
            self.readiness.set(self.readiness.get().or(Readiness::READABLE));
            self.queue();
        }
    }

    fn stop_watching(&self) {
        self.watching.reads.set(0);
        let watches =
            !WATCHING_COSTS_SENDERS || !self.udp || self.watches_room.get() || !self.state.get().may_receive();
        let Some(fd) = self.socket.fileno().filter(|_| !watches) else { return };
        if self.net.inner().pause_source(fd) {
            self.watching.off.set(true);
            self.look_again();
        }
    }

    #[inline]
    pub(super) fn is_unwatched(&self) -> bool {
        self.watching.off.get()
    }

    /// Has the poller watch again, if it does not.
    pub(super) fn watch(&self) {
        if self.is_unwatched() {
            self.rearm(if self.watches_room.get() { Interest::Both } else { Interest::Read });
        }
    }

    /// Has the poller watch again. If the system has no memory for that, looks again later.
    pub(super) fn watch_again(&self, key: SourceKey, fd: RawFd, interest: Interest) {
        if let Err(error) = self.net.inner().resume_source(key, fd, interest) {
            return self.look_later(&error);
        }
        let watching = &self.watching;
        watching.off.set(false);
        watching.refused.set(false);
        let was_worth_it = watching.reads.replace(0) >= WORTH_IT;
        let needed = if was_worth_it { READS.0 } else { watching.needed.get().saturating_mul(2) };
        watching.needed.set(needed.min(READS.1));
    }

    #[cold]
    fn look_later(&self, error: &io::Error) {
        let Some(this) = self.this.upgrade().filter(|_| !self.watching.later.replace(true)) else { return };
        if !self.watching.refused.replace(true) {
            crate::log::record!(
                error,
                "ASY0026: {self:?} cannot be watched, and is looked at from time to time: {error}"
            );
        }
        let planned = self.net.inner().call_later_internal(LATER, move || {
            this.watching.later.set(false);
            if this.is_unwatched() {
                this.look_again();
            }
        });
        // Only a loop that was closed plans nothing.
        if planned.is_err() {
            self.watching.later.set(false);
        }
    }

    /// It is about to be closed: there is nothing to be taken back from a poller that does not watch.
    pub(super) fn forget_unwatched(&self) {
        if !self.watching.off.replace(false) {
            return;
        }
        if let (Some(key), Some(fd)) = (self.source.take(), self.socket.fileno()) {
            self.net.inner().forget_source(key, fd);
        }
    }
}
