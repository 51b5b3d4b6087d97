//! Where a connection or an endpoint of datagrams is in its life. Pure: each transition says what has to be done.
//!
//! ```text
//!            close(), something waits to be sent
//!   Open ────────────────────────────────────────▶ Flushing
//!    │                                                │  all sent: connection_lost at once
//!    │ close() with nothing to send, abort(), error   │  abort(), error
//!    ▼                                                ▼
//!   Losing ── connection_lost is scheduled ───────▶ Lost ── the socket is closed
//! ```
//!
//! Beside it stand the conditions of reading (`Made`, not `Paused`, no end of stream, no file being sent) and of writing
//! (no end asked for, no file being sent), and for streams what the system has reported. A copy is taken out of its cell,
//! changed by one transition, and put back.

mod reports;

use std::fmt;

use crate::sys::{Direction, Readiness};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Phase {
    Open,
    Flushing,
    Losing,
    Lost,
}

/// What `close` has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// It was closed before.
    Nothing,
    /// Wait until all is sent.
    Flush,
    /// Schedule `connection_lost`.
    Lose,
}

/// What a write may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Allowed,
    /// After `write_eof`, or where nothing can be written at all.
    Ended,
    /// As long as a file is being sent.
    SendingFile,
    /// After the end of the connection, or of the program's interest in it.
    Gone,
}

/// What holds beside the phase; a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Is {
    /// `connection_made` has returned; nothing is received before.
    Made = 1,
    /// By `pause_reading`. From the start where nothing can be received.
    Paused = 1 << 1,
    /// The peer sends no more, or never did: `eof_received` was called, is about to be, or never will be.
    EofReceived = 1 << 2,
    /// By `write_eof`; it is carried out once nothing waits to be sent. From the start where nothing can be sent.
    EofAsked = 1 << 3,
    /// In the ready queue.
    Queued = 1 << 4,
    /// A callback of the protocol is running.
    Running = 1 << 5,
    /// The protocol is busy with a handler that awaits.
    Held = 1 << 6,
    /// The protocol receives into memory of its own.
    Buffered = 1 << 7,
    /// Something was received that the protocol has not taken.
    Unread = 1 << 8,
    /// A file is being sent: nothing else is written, and nothing is received.
    SendingFile = 1 << 9,
    /// A handler that may await has written more than the peer has read yet: the next one waits.
    Full = 1 << 10,
    /// The stream has ended, and the protocol could not be told yet.
    EndSeen = 1 << 11,
    /// The transport has its rare part: something waits to be sent, or a limit was changed.
    Special = 1 << 12,
    /// A read that did not fill its buffer may have left something.
    Uncertain = 1 << 13,
}

/// The state of one connection. It fits into a register, and is read and changed for each event; so all of it is bits of
/// one word, and what an ordinary read or write has to know of it is one comparison:
///
/// ```text
///   31 … 24        20 … 18            17, 16     13 … 0
///   what was       writes dropped,    phase      conditions
///   reported       at most seven
/// ```
#[derive(Clone, Copy)]
pub(super) struct State(u32);

const PHASE: u32 = 3 << PHASE_AT;
const PHASE_AT: u32 = 16;
const DROPPED: u32 = 7 << DROPPED_AT;
const DROPPED_AT: u32 = 18;
const REPORTED_AT: u32 = 24;

/// These bits in the place of reports.
const fn reported(readiness: Readiness) -> u32 {
    (readiness.bits() as u32) << REPORTED_AT
}

impl State {
    pub(super) fn new(direction: Direction) -> Self {
        let mut state = Self(0);
        state.put(Is::Paused, direction == Direction::Write);
        state.put(Is::EofReceived, direction == Direction::Write);
        state.put(Is::EofAsked, direction == Direction::Read);
        state
    }

    #[inline]
    fn has(self, condition: Is) -> bool {
        self.0 & condition as u32 != 0
    }

    /// Says whether it holds; returns what was said before.
    #[inline]
    fn put(&mut self, condition: Is, holds: bool) -> bool {
        let before = self.has(condition);
        if holds {
            self.0 |= condition as u32;
        } else {
            self.0 &= !(condition as u32);
        }
        before
    }

    #[inline]
    fn phase(self) -> Phase {
        match (self.0 & PHASE) >> PHASE_AT {
            0 => Phase::Open,
            1 => Phase::Flushing,
            2 => Phase::Losing,
            _ => Phase::Lost,
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.0 = self.0 & !PHASE | (phase as u32) << PHASE_AT;
    }

    pub(super) fn is_closing(self) -> bool {
        self.phase() != Phase::Open
    }

    pub(super) fn is_flushing(self) -> bool {
        self.phase() == Phase::Flushing
    }

    /// `connection_lost` is scheduled or was called: nothing else is.
    pub(super) fn is_ending(self) -> bool {
        matches!(self.phase(), Phase::Losing | Phase::Lost)
    }

    pub(super) fn is_lost(self) -> bool {
        self.phase() == Phase::Lost
    }

    /// Not paused and not closing, as `is_reading` has it.
    pub(super) fn is_reading(self) -> bool {
        self.phase() == Phase::Open && !self.has(Is::Paused)
    }

    /// What it is doing, in a word.
    pub(super) fn name(self) -> &'static str {
        if self.is_closing() {
            "closing"
        } else if self.is_reading() {
            "reading"
        } else {
            "paused"
        }
    }

    /// Whether something may be received now.
    #[inline]
    pub(super) fn may_receive(self) -> bool {
        const BUSY: u32 = Is::Held as u32 | Is::SendingFile as u32 | Is::Full as u32;
        const NOT: u32 = Is::Paused as u32 | Is::EofReceived as u32 | BUSY | PHASE;
        self.0 & (Is::Made as u32 | NOT) == Is::Made as u32
    }

    /// Whether our side is open and the peer's is not, be it by its end or from the start.
    #[inline]
    pub(super) fn is_half_open(self) -> bool {
        self.0 & (PHASE | Is::EofReceived as u32) == Is::EofReceived as u32
    }

    #[inline]
    pub(super) fn writing(self) -> Writing {
        if self.has(Is::EofAsked) {
            Writing::Ended
        } else if self.phase() == Phase::Open {
            if self.has(Is::SendingFile) { Writing::SendingFile } else { Writing::Allowed }
        } else {
            Writing::Gone
        }
    }

    /// Whether a write may begin with the system call: nothing forbids it, and nothing waits before it.
    #[inline]
    pub(super) fn may_send_at_once(self) -> bool {
        const NOT: u32 = Is::EofAsked as u32 | Is::SendingFile as u32 | Is::Special as u32 | PHASE;
        self.0 & NOT == 0
    }

    pub(super) fn eof_asked(self) -> bool {
        self.has(Is::EofAsked)
    }

    pub(super) fn is_running(self) -> bool {
        self.has(Is::Running)
    }

    pub(super) fn made(mut self) -> Self {
        self.put(Is::Made, true);
        self
    }

    /// True if that changes anything.
    pub(super) fn pause(&mut self) -> bool {
        self.phase() == Phase::Open && !self.put(Is::Paused, true)
    }

    /// True if that changes anything.
    pub(super) fn resume(&mut self) -> bool {
        self.phase() == Phase::Open && self.put(Is::Paused, false)
    }

    pub(super) fn eof_came(mut self) -> Self {
        self.put(Is::EofReceived, true);
        self
    }

    /// True the first time on an open connection.
    pub(super) fn ask_eof(&mut self) -> bool {
        self.phase() == Phase::Open && !self.put(Is::EofAsked, true)
    }

    pub(super) fn close(&mut self, waiting: bool) -> Closing {
        if self.phase() != Phase::Open {
            Closing::Nothing
        } else if waiting {
            self.enter(Phase::Flushing);
            Closing::Flush
        } else {
            self.enter(Phase::Losing);
            Closing::Lose
        }
    }

    /// By `abort` or an error. True: schedule `connection_lost`; it was not yet.
    pub(super) fn lose(&mut self) -> bool {
        let first = matches!(self.phase(), Phase::Open | Phase::Flushing);
        if first {
            self.enter(Phase::Losing);
        }
        first
    }

    /// True the first time: now is the moment to call `connection_lost`.
    pub(super) fn lost(&mut self) -> bool {
        let first = self.phase() != Phase::Lost;
        self.enter(Phase::Lost);
        first
    }

    /// Marks it as queued. True if it was not.
    #[inline]
    pub(super) fn queue(&mut self) -> bool {
        !self.put(Is::Queued, true)
    }

    #[inline]
    pub(super) fn dequeued(mut self) -> Self {
        self.put(Is::Queued, false);
        self
    }

    /// Says whether a callback is running; returns what was said before.
    #[inline]
    pub(super) fn set_running(&mut self, running: bool) -> bool {
        self.put(Is::Running, running)
    }

    pub(super) fn is_held(self) -> bool {
        self.has(Is::Held)
    }

    pub(super) fn set_held(&mut self, held: bool) {
        self.put(Is::Held, held);
    }

    pub(super) fn is_full(self) -> bool {
        self.has(Is::Full)
    }

    pub(super) fn set_full(&mut self, full: bool) {
        self.put(Is::Full, full);
    }

    /// Whether the end of the stream is known and `eof_received` has still to be called.
    #[inline]
    pub(super) fn end_seen(self) -> bool {
        self.has(Is::EndSeen)
    }

    pub(super) fn set_end_seen(&mut self) {
        self.put(Is::EndSeen, true);
    }

    #[inline]
    pub(super) fn is_buffered(self) -> bool {
        self.has(Is::Buffered)
    }

    pub(super) fn set_buffered(&mut self, buffered: bool) {
        self.put(Is::Buffered, buffered);
    }

    #[inline]
    pub(super) fn has_unread(self) -> bool {
        self.has(Is::Unread)
    }

    pub(super) fn set_unread(&mut self, unread: bool) {
        self.put(Is::Unread, unread);
    }

    pub(super) fn is_sending_file(self) -> bool {
        self.has(Is::SendingFile)
    }

    pub(super) fn set_sending_file(&mut self, sending: bool) {
        self.put(Is::SendingFile, sending);
    }

    /// Counts a write that was dropped, and says how many there were.
    pub(super) fn drop_write(&mut self) -> u32 {
        if self.0 & DROPPED != DROPPED {
            self.0 += 1 << DROPPED_AT;
        }
        (self.0 & DROPPED) >> DROPPED_AT
    }

    #[inline]
    pub(super) fn is_special(self) -> bool {
        self.has(Is::Special)
    }

    pub(super) fn set_special(&mut self, special: bool) {
        self.put(Is::Special, special);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions = self.0 & !(PHASE | DROPPED | reported(Readiness::ALL));
        let mut debug = f.debug_tuple("State");
        debug.field(&self.phase()).field(&format_args!("{conditions:#06x}")).field(&self.readiness()).finish()
    }
}

#[cfg(test)]
mod tests;
