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
//! Beside it stand the conditions of reading (`made`, not `paused`, no end of stream) and of writing (no end asked
//! for). A copy is taken out of its cell, changed by one transition, and put back.

use crate::sys::Direction;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// After the end of the connection, or of the program's interest in it.
    Gone,
}

/// The state of one connection. It fits into a register, and is read and changed for each event.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    phase: Phase,
    /// `connection_made` has returned; nothing is received before.
    made: bool,
    /// By `pause_reading`. From the start where nothing can be received.
    paused: bool,
    /// The peer sends no more, or never did: `eof_received` was called, is about to be, or never will be.
    eof_received: bool,
    /// By `write_eof`; it is carried out once nothing waits to be sent. From the start where nothing can be sent.
    eof_asked: bool,
    /// In the ready queue.
    queued: bool,
    /// A callback of the protocol is running.
    running: bool,
    /// The protocol is busy with a handler that awaits.
    held: bool,
    /// The protocol receives into memory of its own.
    buffered: bool,
    /// Something was received that the protocol has not taken.
    unread: bool,
    /// How often something was written for nothing; stops counting at the top.
    dropped_writes: u8,
}

impl State {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            phase: Phase::Open,
            made: false,
            paused: direction == Direction::Write,
            eof_received: direction == Direction::Write,
            eof_asked: direction == Direction::Read,
            queued: false,
            running: false,
            held: false,
            buffered: false,
            unread: false,
            dropped_writes: 0,
        }
    }

    pub(super) fn is_closing(self) -> bool {
        self.phase != Phase::Open
    }

    pub(super) fn is_flushing(self) -> bool {
        self.phase == Phase::Flushing
    }

    /// `connection_lost` is scheduled or was called: nothing else is.
    pub(super) fn is_ending(self) -> bool {
        matches!(self.phase, Phase::Losing | Phase::Lost)
    }

    pub(super) fn is_lost(self) -> bool {
        self.phase == Phase::Lost
    }

    /// Not paused and not closing, as `is_reading` has it.
    pub(super) fn is_reading(self) -> bool {
        self.phase == Phase::Open && !self.paused
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
        self.is_reading() && self.made && !self.eof_received && !self.held
    }

    /// Whether our side is open and the peer's is not, be it by its end or from the start.
    pub(super) fn is_half_open(self) -> bool {
        self.phase == Phase::Open && self.eof_received
    }

    #[inline]
    pub(super) fn writing(self) -> Writing {
        if self.eof_asked {
            Writing::Ended
        } else if self.phase == Phase::Open {
            Writing::Allowed
        } else {
            Writing::Gone
        }
    }

    pub(super) fn eof_asked(self) -> bool {
        self.eof_asked
    }

    pub(super) fn is_running(self) -> bool {
        self.running
    }

    pub(super) fn made(mut self) -> Self {
        self.made = true;
        self
    }

    /// True if that changes anything.
    pub(super) fn pause(&mut self) -> bool {
        self.phase == Phase::Open && !std::mem::replace(&mut self.paused, true)
    }

    /// True if that changes anything.
    pub(super) fn resume(&mut self) -> bool {
        self.phase == Phase::Open && std::mem::replace(&mut self.paused, false)
    }

    pub(super) fn eof_came(mut self) -> Self {
        self.eof_received = true;
        self
    }

    /// True the first time on an open connection.
    pub(super) fn ask_eof(&mut self) -> bool {
        self.phase == Phase::Open && !std::mem::replace(&mut self.eof_asked, true)
    }

    pub(super) fn close(&mut self, waiting: bool) -> Closing {
        if self.phase != Phase::Open {
            return Closing::Nothing;
        }
        if waiting {
            self.phase = Phase::Flushing;
            Closing::Flush
        } else {
            self.phase = Phase::Losing;
            Closing::Lose
        }
    }

    /// By `abort` or an error. True: schedule `connection_lost`; it was not yet.
    pub(super) fn lose(&mut self) -> bool {
        let first = matches!(self.phase, Phase::Open | Phase::Flushing);
        if first {
            self.phase = Phase::Losing;
        }
        first
    }

    /// True the first time: now is the moment to call `connection_lost`.
    pub(super) fn lost(&mut self) -> bool {
        std::mem::replace(&mut self.phase, Phase::Lost) != Phase::Lost
    }

    /// Marks it as queued. True if it was not.
    #[inline]
    pub(super) fn queue(&mut self) -> bool {
        !std::mem::replace(&mut self.queued, true)
    }

    #[inline]
    pub(super) fn dequeued(mut self) -> Self {
        self.queued = false;
        self
    }

    /// Says whether a callback is running; returns what was said before.
    #[inline]
    pub(super) fn set_running(&mut self, running: bool) -> bool {
        std::mem::replace(&mut self.running, running)
    }

    pub(super) fn is_held(self) -> bool {
        self.held
    }

    pub(super) fn set_held(&mut self, held: bool) {
        self.held = held;
    }

    #[inline]
    pub(super) fn is_buffered(self) -> bool {
        self.buffered
    }

    pub(super) fn set_buffered(&mut self, buffered: bool) {
        self.buffered = buffered;
    }

    #[inline]
    pub(super) fn has_unread(self) -> bool {
        self.unread
    }

    pub(super) fn set_unread(&mut self, unread: bool) {
        self.unread = unread;
    }

    /// Counts a write that was dropped, and says how many there were.
    pub(super) fn drop_write(&mut self) -> u32 {
        self.dropped_writes = self.dropped_writes.saturating_add(1);
        self.dropped_writes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> State {
        State::new(Direction::Both).made()
    }

    #[test]
    fn nothing_is_received_before_connection_made_has_returned() {
        assert!(!State::new(Direction::Both).may_receive());
        assert!(State::new(Direction::Both).is_reading());
        assert!(made().may_receive());
    }

    #[test]
    fn closing_waits_for_what_is_to_be_sent() {
        let mut state = made();
        assert_eq!(state.close(true), Closing::Flush);
        assert!(state.is_closing() && state.is_flushing() && !state.may_receive());
        assert_eq!(state.close(true), Closing::Nothing);
        assert!(state.lose(), "abort() ends the waiting");
        assert!(!state.lose());
    }

    #[test]
    fn a_connection_is_lost_once() {
        let mut state = made();
        assert_eq!(state.close(false), Closing::Lose);
        assert!(!state.lose());
        assert!(state.lost());
        assert!(!state.lost());
        assert!(!state.lose());
        assert_eq!(state.close(false), Closing::Nothing);
    }

    #[test]
    fn pausing_and_resuming_are_idempotent_and_end_with_the_connection() {
        let mut state = made();
        assert!(!state.resume());
        assert!(state.pause());
        assert!(!state.pause());
        assert!(!state.may_receive() && !state.is_reading());
        assert!(state.resume());
        assert!(state.pause());
        assert_eq!(state.close(false), Closing::Lose);
        assert!(!state.resume() && !state.pause());
    }

    #[test]
    fn writing_ends_with_write_eof_or_with_the_connection() {
        let mut state = made();
        assert_eq!(state.writing(), Writing::Allowed);
        assert!(state.ask_eof());
        assert!(!state.ask_eof());
        assert_eq!(state.writing(), Writing::Ended);
        let mut state = made();
        assert!(state.lose());
        assert_eq!(state.writing(), Writing::Gone);
        assert!(!state.ask_eof(), "there is nothing left to end");
    }

    #[test]
    fn the_state_fits_into_a_register() {
        assert_eq!(size_of::<State>(), 8);
    }

    #[test]
    fn a_pipe_goes_one_way() {
        let mut state = State::new(Direction::Read).made();
        assert!(state.may_receive() && !state.is_half_open());
        assert_eq!(state.writing(), Writing::Ended);
        assert!(!state.ask_eof());
        let state = State::new(Direction::Write).made();
        assert!(!state.may_receive() && !state.is_reading());
        assert!(state.is_half_open(), "its end is watched");
        assert_eq!(state.writing(), Writing::Allowed);
    }
}
