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
//! (no end asked for, no file being sent). A copy is taken out of its cell, changed by one transition, and put back.

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
    /// As long as a file is being sent.
    SendingFile,
    /// After the end of the connection, or of the program's interest in it.
    Gone,
}

/// What holds beside the phase; a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
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
}

/// The state of one connection. It fits into a register, and is read and changed for each event.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    phase: Phase,
    /// How often something was written for nothing; stops counting at the top.
    dropped_writes: u8,
    conditions: u16,
}

impl State {
    pub(super) fn new(direction: Direction) -> Self {
        let mut state = Self { phase: Phase::Open, dropped_writes: 0, conditions: 0 };
        state.put(Is::Paused, direction == Direction::Write);
        state.put(Is::EofReceived, direction == Direction::Write);
        state.put(Is::EofAsked, direction == Direction::Read);
        state
    }

    #[inline]
    fn has(self, condition: Is) -> bool {
        self.conditions & condition as u16 != 0
    }

    /// Says whether it holds; returns what was said before.
    #[inline]
    fn put(&mut self, condition: Is, holds: bool) -> bool {
        let before = self.has(condition);
        if holds {
            self.conditions |= condition as u16;
        } else {
            self.conditions &= !(condition as u16);
        }
        before
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
        self.phase == Phase::Open && !self.has(Is::Paused)
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
        const NOT: u16 = Is::Paused as u16 | Is::EofReceived as u16 | Is::Held as u16 | Is::SendingFile as u16;
        self.phase == Phase::Open && self.conditions & (Is::Made as u16 | NOT) == Is::Made as u16
    }

    /// Whether our side is open and the peer's is not, be it by its end or from the start.
    pub(super) fn is_half_open(self) -> bool {
        self.phase == Phase::Open && self.has(Is::EofReceived)
    }

    #[inline]
    pub(super) fn writing(self) -> Writing {
        if self.has(Is::EofAsked) {
            Writing::Ended
        } else if self.phase == Phase::Open {
            if self.has(Is::SendingFile) { Writing::SendingFile } else { Writing::Allowed }
        } else {
            Writing::Gone
        }
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
        self.phase == Phase::Open && !self.put(Is::Paused, true)
    }

    /// True if that changes anything.
    pub(super) fn resume(&mut self) -> bool {
        self.phase == Phase::Open && self.put(Is::Paused, false)
    }

    pub(super) fn eof_came(mut self) -> Self {
        self.put(Is::EofReceived, true);
        self
    }

    /// True the first time on an open connection.
    pub(super) fn ask_eof(&mut self) -> bool {
        self.phase == Phase::Open && !self.put(Is::EofAsked, true)
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
        assert_eq!(size_of::<State>(), 4);
    }

    #[test]
    fn a_file_that_is_being_sent_has_the_connection_for_itself() {
        let mut state = made();
        state.set_sending_file(true);
        assert!(!state.may_receive() && state.is_reading(), "it was not paused");
        assert_eq!(state.writing(), Writing::SendingFile);
        assert!(state.ask_eof());
        assert_eq!(state.writing(), Writing::Ended);
        let mut state = made();
        state.set_sending_file(true);
        assert_eq!(state.close(true), Closing::Flush);
        state.set_sending_file(false);
        assert!(state.is_flushing() && !state.may_receive());
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
