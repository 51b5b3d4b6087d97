//! Where a TLS connection is in its life. Pure.
//!
//! ```text
//!   Idle ──▶ Handshaking ──▶ Open ── close(), the peer's close_notify ──▶ Closing ──▶ Lost
//!                 │            │     our close_notify is sent, and the       │         ▲
//!                 │            │     peer's is awaited                       │         │
//!                 └────────────┴────── an error, abort(), a time limit ──────┴──▶ Ending
//! ```
//!
//! `Ending`: the transport below was told to end, and its `connection_lost` will come.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Handshaking,
    Open,
    Closing,
    Ending,
    Lost,
}

/// The state of one layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    phase: Phase,
    /// The protocol above had its `connection_made`, so that it gets a `connection_lost`.
    made: bool,
    /// The handshake was completed.
    shaken: bool,
    /// Somebody waits for it, or did.
    awaited: bool,
    /// By `pause_reading` of the transport above.
    paused: bool,
    /// A handler of the protocol above awaits something, so that it can be told nothing.
    held: bool,
    /// A handler has written more than the peer reads: nothing is handed over until there is room again.
    choked: bool,
    /// Too much waits to be sent, says the transport below.
    full: bool,
    /// And that was told to the protocol above.
    told_full: bool,
    /// A file is being sent: nothing else is written, and nothing is received.
    sending_file: bool,
    /// By `close` meanwhile.
    close_asked: bool,
    /// The end of the peer's data was told, or is about to be.
    eof: bool,
    /// A callback of the protocol above is running.
    running: bool,
    /// How often something was written for nothing; stops counting at the top.
    dropped_writes: u8,
}

impl State {
    /// `made`: the protocol is connected already, as `start_tls` finds it.
    pub(super) fn new(made: bool) -> Self {
        Self {
            phase: Phase::Idle,
            made,
            shaken: false,
            awaited: false,
            paused: false,
            held: false,
            choked: false,
            full: false,
            told_full: false,
            sending_file: false,
            close_asked: false,
            eof: false,
            running: false,
            dropped_writes: 0,
        }
    }

    pub(super) fn is_handshaking(self) -> bool {
        self.phase == Phase::Handshaking
    }

    pub(super) fn is_open(self) -> bool {
        self.phase == Phase::Open
    }

    /// Our last word is said, and the peer's is awaited.
    pub(super) fn is_awaiting_peer(self) -> bool {
        self.phase == Phase::Closing
    }

    pub(super) fn is_closing(self) -> bool {
        self.close_asked || !matches!(self.phase, Phase::Idle | Phase::Handshaking | Phase::Open)
    }

    pub(super) fn is_lost(self) -> bool {
        self.phase == Phase::Lost
    }

    pub(super) fn is_paused(self) -> bool {
        self.paused
    }

    pub(super) fn is_held(self) -> bool {
        self.held
    }

    pub(super) fn set_held(&mut self, held: bool) {
        self.held = held;
    }

    /// Returns what was said before.
    pub(super) fn set_choked(&mut self, choked: bool) -> bool {
        std::mem::replace(&mut self.choked, choked)
    }

    /// Whether plaintext, or the end of it, can be told to the protocol above.
    pub(super) fn may_deliver(self) -> bool {
        self.phase == Phase::Open && !(self.paused || self.held || self.choked || self.sending_file || self.close_asked)
    }

    pub(super) fn is_sending_file(self) -> bool {
        self.sending_file
    }

    pub(super) fn begin_sending_file(&mut self) {
        self.sending_file = true;
    }

    /// True if `close` was called meanwhile.
    pub(super) fn end_sending_file(&mut self) -> bool {
        self.sending_file = false;
        std::mem::take(&mut self.close_asked)
    }

    /// The protocol above knows already, from the time before TLS, that too much waits.
    pub(super) fn set_told_full(&mut self, told: bool) {
        self.full = told;
        self.told_full = told;
    }

    pub(super) fn is_told_full(self) -> bool {
        self.told_full
    }

    pub(super) fn set_full(&mut self, full: bool) {
        self.full = full;
    }

    /// Whether the protocol above has to be told something of writing, and can be.
    pub(super) fn has_signal(self) -> bool {
        let can = self.made && !self.running && !self.held && self.phase != Phase::Lost;
        can && self.full != self.told_full
    }

    /// What that is, if anything: true to stop, false to go on.
    pub(super) fn signal(&mut self) -> Option<bool> {
        let due = self.has_signal();
        self.told_full = if due { self.full } else { self.told_full };
        due.then_some(self.full)
    }

    pub(super) fn is_made(self) -> bool {
        self.made
    }

    pub(super) fn is_shaken(self) -> bool {
        self.shaken
    }

    pub(super) fn is_awaited(self) -> bool {
        self.awaited
    }

    pub(super) fn set_awaited(&mut self) {
        self.awaited = true;
    }

    pub(super) fn set_running(&mut self, running: bool) -> bool {
        std::mem::replace(&mut self.running, running)
    }

    pub(super) fn begin(&mut self) {
        self.phase = Phase::Handshaking;
    }

    /// The handshake is done. True: `connection_made` is due.
    pub(super) fn open(&mut self) -> bool {
        self.phase = Phase::Open;
        self.shaken = true;
        !std::mem::replace(&mut self.made, true)
    }

    /// True if that changes anything.
    pub(super) fn pause(&mut self) -> bool {
        self.is_open() && !std::mem::replace(&mut self.paused, true)
    }

    /// True if that changes anything.
    pub(super) fn resume(&mut self) -> bool {
        self.is_open() && std::mem::replace(&mut self.paused, false)
    }

    /// True the first time.
    pub(super) fn end_of_data(&mut self) -> bool {
        !std::mem::replace(&mut self.eof, true)
    }

    /// True the first time on an open connection: our last word is due. It waits for the file that is being sent.
    pub(super) fn close(&mut self) -> bool {
        if self.sending_file {
            self.close_asked = true;
            return false;
        }
        let first = self.phase == Phase::Open;
        if first {
            self.phase = Phase::Closing;
        }
        first
    }

    /// True if the end was not on its way already.
    pub(super) fn end(&mut self) -> bool {
        let first = !matches!(self.phase, Phase::Ending | Phase::Lost);
        if first {
            self.phase = Phase::Ending;
        }
        first
    }

    /// True the first time.
    pub(super) fn lost(&mut self) -> bool {
        std::mem::replace(&mut self.phase, Phase::Lost) != Phase::Lost
    }

    /// Something was written for nothing. The number of times so far.
    pub(super) fn drop_write(&mut self) -> u32 {
        self.dropped_writes = self.dropped_writes.saturating_add(1);
        self.dropped_writes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_closes_once_and_only_when_it_is_open() {
        let mut state = State::new(false);
        state.begin();
        assert!(!state.close(), "a handshake is not closed but ended");
        assert!(state.open(), "connection_made is due");
        assert!(state.close() && !state.close());
        assert!(state.is_awaiting_peer() && state.is_closing());
        assert!(state.end() && !state.end());
        assert!(state.lost() && !state.lost() && !state.end());
    }

    #[test]
    fn an_upgraded_protocol_is_not_connected_again() {
        let mut state = State::new(true);
        state.begin();
        assert!(!state.open());
        assert!(state.is_made());
    }

    #[test]
    fn who_is_held_is_told_to_stop_writing_afterwards_and_only_if_that_still_holds() {
        let mut state = State::new(false);
        state.begin();
        state.set_full(true);
        assert_eq!(state.signal(), None, "before connection_made");
        state.open();
        assert_eq!((state.signal(), state.signal()), (Some(true), None));
        state.set_held(true);
        state.set_full(false);
        assert_eq!(state.signal(), None);
        assert!(!state.may_deliver());
        state.set_full(true);
        state.set_held(false);
        assert_eq!(state.signal(), None, "nothing has changed");
        state.set_full(false);
        assert_eq!(state.signal(), Some(false));
        assert!(state.may_deliver());
    }

    #[test]
    fn closing_waits_for_the_file_that_is_being_sent() {
        let mut state = State::new(false);
        state.begin();
        state.open();
        state.begin_sending_file();
        assert!(!state.may_deliver());
        assert!(!state.close() && state.is_closing() && state.is_open());
        assert!(state.end_sending_file(), "close() is due");
        assert!(state.close());
    }

    #[test]
    fn pausing_is_for_open_connections() {
        let mut state = State::new(false);
        state.begin();
        assert!(!state.pause());
        state.open();
        assert!(state.pause() && !state.pause() && state.resume() && !state.resume());
        state.close();
        assert!(!state.pause());
    }
}
