//! Receiving: from the lent buffer to the protocol.
//!
//! Reports come as edges. After a read that did not fill the buffer nothing is left, and the second read that would
//! say so is skipped; but only where that is certain: TCP, no end of the stream reported, no urgent data. A report
//! that is not used up, because reading is paused, stays noted until it is resumed.

use std::io::ErrorKind;

use super::super::Transport;
use super::{Medium, Stream};
use crate::sys::{Direction, Readiness};

/// How many reads one connection may do before the others have their turn.
const READS_PER_TURN: usize = 4;

impl<M: Medium> Stream<M> {
    #[inline]
    pub(super) fn read_ready(&self, transport: &Transport) {
        for _ in 0..READS_PER_TURN {
            if !self.may_read() {
                return;
            }
            let mut buffer = self.net.receive_buffer().lend();
            match self.channel.receive(&mut buffer) {
                Ok(0) => return self.end_of_stream(transport),
                Ok(length) => {
                    self.used_up(length == buffer.len());
                    let data = buffer.get_mut(..length).unwrap_or_default();
                    let result = self.call(transport, |endpoint| endpoint.data_lent(transport, data));
                    if let Err(error) = result {
                        return self.callback_failed("Fatal error: protocol.data_received() call failed.", error);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.drained(),
                Err(error) => return self.channel_failed("Fatal read error on", error),
            }
        }
        if self.may_read() {
            self.queue();
        }
    }

    /// Whether something was reported that has to be read now.
    #[inline]
    pub(super) fn may_read(&self) -> bool {
        let readiness = self.readiness.get();
        self.state.get().may_receive()
            && (readiness.readable || readiness.read_closed || readiness.error || readiness.priority)
    }

    /// A read was done. Unless more may be left, the report is used up; a new one will come.
    #[inline]
    fn used_up(&self, filled: bool) {
        let mut readiness = self.readiness.get();
        let more = filled || readiness.read_closed || readiness.error || readiness.priority || !self.plain_tcp;
        if !more {
            readiness.readable = false;
            self.readiness.set(readiness);
        }
    }

    /// The system says that nothing is left.
    fn drained(&self) {
        self.readiness.set(Readiness { writable: self.readiness.get().writable, ..Readiness::default() });
    }

    fn end_of_stream(&self, transport: &Transport) {
        self.state.set(self.state.get().eof_came());
        if self.net.inner().get_debug() {
            crate::log::record!(debug, "{transport:?} received EOF");
        }
        match self.call(transport, |endpoint| endpoint.eof_received(transport)) {
            // A pipe has no other side that could stay open.
            Ok(true) if self.state.get().direction() == Direction::Both => {}
            Ok(_) => self.close_stream(),
            Err(error) => self.callback_failed("Fatal error: protocol.eof_received() call failed.", error),
        }
    }

    /// Nobody reads after the end of the stream, or where there is nothing to be read, so a peer that is gone would go
    /// unnoticed until the next write.
    #[inline]
    pub(super) fn watch_half_open(&self) {
        if self.state.get().is_half_open() {
            match self.state.get().direction() {
                Direction::Write => self.watch_reader(),
                Direction::Both | Direction::Read => self.watch_error(),
            }
        }
    }

    fn watch_error(&self) {
        if self.readiness.get().error {
            if let Ok(Some(error)) = self.channel.take_error() {
                self.channel_failed("Fatal error on", error);
            }
        }
    }

    /// The end of the one who reads is an error only if something is left for it.
    fn watch_reader(&self) {
        let readiness = self.readiness.get();
        if !(readiness.read_closed || readiness.write_closed || readiness.error) {
            return;
        }
        if self.net.inner().get_debug() {
            crate::log::record!(info, "{self:?} was closed by its peer");
        }
        if self.has_waiting() {
            self.channel_failed("Fatal write error on", ErrorKind::BrokenPipe.into());
        } else {
            self.close_stream();
        }
    }
}
