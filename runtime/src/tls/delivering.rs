//! Plaintext on its way to the protocol, which may stop listening at any byte: what it has not taken is kept, and comes
//! first when it listens again.

use super::layer::Layer;
use crate::exceptions::Result;
use crate::transports::{Endpoint, Transport};

impl Layer {
    /// Hands plaintext to the protocol, or keeps it until the protocol wants it.
    pub(super) fn deliver(&self, plain: &[u8]) {
        let mut rest = plain;
        while !rest.is_empty() && self.state.get().may_deliver() && !self.has_kept() {
            match self.offer(rest) {
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) => return self.broken("Fatal error: protocol.data_received() call failed.", error),
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
            match self.offer(unread.rest()) {
                Ok(taken) => unread.take(taken),
                Err(error) => return self.broken("Fatal error: protocol.data_received() call failed.", error),
            }
            if self.state.get().is_open() {
                self.keep_before(unread);
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
        self.call(|above, transport| {
            if above.is_buffered() { self.fill(above, transport, plain) } else { above.data_received(transport, plain) }
        })
    }

    /// Puts as much into the protocol's own memory as fits.
    fn fill(&self, above: &dyn Endpoint, transport: &Transport, plain: &[u8]) -> Result<usize> {
        let mut length = 0;
        above.lend(transport, Some(plain.len()), &mut |memory| {
            // By then it may have paused.
            if self.state.get().may_deliver() {
                length = plain.len().min(memory.len());
                for (place, byte) in memory.iter_mut().zip(plain) {
                    *place = *byte;
                }
            }
        })?;
        if length > 0 {
            above.buffer_updated(transport, length)?;
        }
        Ok(length)
    }

    /// Tells the protocol to stop writing, or to go on, if it does not know.
    pub(super) fn settle(&self) -> Result<()> {
        loop {
            match self.change(|state| state.signal()) {
                Some(true) => self.call(|above, transport| above.pause_writing(transport))?,
                Some(false) => self.call(|above, transport| above.resume_writing(transport))?,
                None => return Ok(()),
            }
        }
    }

    /// The protocol is held no more: tells it what fell due meanwhile.
    pub(super) fn catch_up(&self) {
        if let Err(error) = self.settle() {
            self.report("protocol.pause_writing() or resume_writing() failed", error);
        }
        if let Some(late) = self.take_kept_loss() {
            if let Err(error) = self.lost(late.as_ref()) {
                self.report("protocol.connection_lost() call failed", error);
            }
            return;
        }
        self.go_on();
    }
}
