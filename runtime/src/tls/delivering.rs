//! Plaintext on its way to the protocol, which may stop listening at any byte: what it has not taken is kept, and comes
//! first when it listens again.

use super::layer::Layer;
use crate::exceptions::Result;

impl Layer {
    /// Hands plaintext to the protocol, or keeps it until the protocol wants it.
    pub(super) fn deliver(&self, plain: &[u8]) {
        let mut rest = plain;
        while !rest.is_empty() && self.state.get().may_deliver() && !self.has_kept() {
            match self.offer(rest) {
                // It takes nothing while the connection below is closing, nor will it be asked again.
                Ok(0) => break,
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) => return self.reception_broken(error),
            }
        }
        // What comes after close() is nobody's.
        if self.state.get().is_open() {
            self.keep(rest);
        }
    }

    /// Hands over what was kept, if the protocol listens again, and then goes on receiving.
    pub(super) fn go_on(&self) {
        while self.state.get().may_deliver() {
            let Some(mut unread) = self.take_kept() else { break };
            let taken = match self.offer(unread.rest()) {
                Ok(taken) => taken,
                Err(error) => return self.reception_broken(error),
            };
            unread.take(taken);
            if self.state.get().is_open() {
                self.keep_before(unread);
            }
            if taken == 0 {
                break;
            }
        }
        if self.state.get().may_deliver() {
            if let Some(end) = self.take_kept_end() {
                self.ended(end);
            }
        }
        self.tidy_kept();
        self.steer();
    }

    /// Nothing is received for a protocol that does not listen.
    pub(super) fn steer(&self) {
        let state = self.state.get();
        let Some(below) = self.below() else { return };
        if state.is_open() && (!state.may_deliver() || self.has_kept()) {
            below.pause_reading();
        } else {
            below.resume_reading();
        }
    }

    /// How much of it the protocol takes.
    fn offer(&self, plain: &[u8]) -> Result<usize> {
        self.call(|above, transport| above.data_received(transport, plain))
    }

    /// Tells the protocol to stop writing, or to go on, if it does not know; if it is running, that is done right after.
    pub(super) fn settle(&self) {
        while self.state.get().has_signal() {
            if self.above.borrow().as_ref().is_some_and(|above| above.is_busy()) {
                // Somebody uses the protocol through a handle just now.
                return self.soon(Self::settle);
            }
            let (name, result) = match self.change(|state| state.signal()) {
                Some(true) => ("protocol.pause_writing() failed", self.call_only(|above, at| above.pause_writing(at))),
                Some(false) => {
                    ("protocol.resume_writing() failed", self.call_only(|above, at| above.resume_writing(at)))
                }
                None => return,
            };
            if let Err(error) = result {
                self.report(name, error);
            }
        }
    }

    /// The protocol is held no more: tells it what fell due meanwhile.
    pub(super) fn catch_up(&self) {
        self.settle();
        self.go_on();
        if let Some(below) = self.below() {
            // It may have been lost meanwhile.
            below.set_held(false);
        }
    }
}
