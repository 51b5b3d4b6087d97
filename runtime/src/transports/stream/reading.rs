//! Receiving: from the lent buffer to the protocol, or into memory of the protocol's own.
//!
//! Reports come as edges. After a read that did not fill the buffer nothing is left, and the second read that would
//! say so is skipped; but only where that is certain: TCP, no end of the stream reported, no urgent data. A report
//! that is not used up, because reading is paused, stays noted until it is resumed. So do bytes that a protocol of
//! frames has not taken; they come first then.

use std::io::{self, ErrorKind};
use std::ops::ControlFlow;

use super::super::state::State;
use super::super::unread::Unread;
use super::super::{DATA_RECEIVED_FAILED, Transport};
use super::{Medium, Stream};
use crate::exceptions::{Error, Result};
use crate::sys::{Direction, Readiness};

/// How many reads one connection may do before the others have their turn.
const READS_PER_TURN: usize = 4;

impl<M: Medium> Stream<M> {
    #[inline]
    pub(super) fn read_ready(&self, transport: &Transport) {
        for _ in 0..READS_PER_TURN {
            let state = self.state.get();
            if !state.may_read() {
                return;
            }
            let read = if state.reads_as_usual() { self.read_lent(transport) } else { self.read_otherwise(transport) };
            if read.is_break() {
                return;
            }
        }
        if self.may_read() {
            self.queue();
        }
    }

    /// What was kept, the end, or into memory of the protocol's own.
    #[inline(never)]
    fn read_otherwise(&self, transport: &Transport) -> ControlFlow<()> {
        let state = self.state.get();
        if state.has_unread() {
            self.read_again(transport)
        } else if state.end_seen() {
            self.end_of_stream(transport);
            ControlFlow::Break(())
        } else {
            self.read_into_protocol(transport)
        }
    }

    /// Into the loop's buffer, which the protocol gets lent.
    #[inline]
    fn read_lent(&self, transport: &Transport) -> ControlFlow<()> {
        let mut buffer = self.net.receive_buffer().lend();
        let received = self.channel.receive(&mut buffer);
        let length = self.received(received, buffer.len(), transport)?;
        let taken =
            self.taken(self.call(transport, |endpoint| endpoint.lease_received(transport, &mut buffer, length)))?;
        if taken < length {
            self.put_back(Unread::new(buffer.get(taken..length).unwrap_or_default().to_vec()));
        }
        ControlFlow::Continue(())
    }

    /// Into memory of the protocol's own.
    fn read_into_protocol(&self, transport: &Transport) -> ControlFlow<()> {
        let mut outcome = None;
        self.fill(transport, None, &mut |memory| {
            let received = self.channel.receive(memory);
            let length = received.as_ref().map_or(0, |length| *length);
            outcome = Some((received, memory.len()));
            length
        })?;
        let Some((received, room)) = outcome else { return ControlFlow::Break(()) };
        self.received(received, room, transport).map_continue(drop)
    }

    /// What a protocol, this or its predecessor, has not taken.
    #[cold]
    fn read_again(&self, transport: &Transport) -> ControlFlow<()> {
        self.change(|state| state.set_unread(false));
        let Some(mut unread) = self.unread.take() else { return ControlFlow::Continue(()) };
        if self.state.get().is_buffered() {
            self.fill(transport, Some(unread.rest().len()), &mut |memory| {
                let length = unread.rest().len().min(memory.len());
                memory[..length].copy_from_slice(&unread.rest()[..length]);
                unread.take(length);
                length
            })?;
            self.put_back(*unread);
        } else {
            let taken =
                self.taken(self.call(transport, |endpoint| endpoint.data_received(transport, unread.rest())))?;
            unread.take(taken);
            self.put_back(*unread);
        }
        ControlFlow::Continue(())
    }

    /// Keeps it for when reading goes on, before what is kept already.
    pub(super) fn put_back(&self, unread: Unread) {
        if unread.is_empty() || self.state.get().is_closing() {
            return;
        }
        let unread = match self.unread.take() {
            Some(later) => unread.before(&later),
            None => unread,
        };
        self.unread.set(Some(Box::new(unread)));
        self.change(|state| state.set_unread(true));
    }

    /// What a read of so much room has brought, at least one byte; or it ends the reading.
    #[inline]
    fn received(&self, received: io::Result<usize>, room: usize, transport: &Transport) -> ControlFlow<(), usize> {
        match received {
            Ok(0) => self.end_of_stream(transport),
            Ok(length) => {
                self.change(|state| state.read(length == room));
                return ControlFlow::Continue(length);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.change(State::drained),
            Err(error) => self.channel_failed("Fatal read error on", error),
        }
        ControlFlow::Break(())
    }

    /// How much the protocol says that it has taken; its error ends the connection.
    #[inline]
    fn taken(&self, result: Result<usize>) -> ControlFlow<(), usize> {
        match result {
            Ok(taken) => ControlFlow::Continue(taken),
            Err(error) => {
                self.reception_broken(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Has the protocol's own memory filled, and tells it how much came. Its callbacks may have ended the reading.
    fn fill(
        &self,
        transport: &Transport,
        size: Option<usize>,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> ControlFlow<()> {
        let mut message = "Fatal error: protocol.get_buffer() call failed.";
        // One call, for both callbacks belong to the owner of the memory.
        let result = self.call(transport, |endpoint| {
            let mut length = 0;
            endpoint.lend(transport, size, &mut |memory| {
                if self.state.get().may_receive() {
                    length = fill(memory);
                }
            })?;
            message = "Fatal error: protocol.buffer_updated() call failed.";
            if length == 0 { Ok(()) } else { endpoint.buffer_updated(transport, length) }
        });
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.broken(message, error);
                ControlFlow::Break(())
            }
        }
    }

    #[cold]
    fn reception_broken(&self, error: Error) {
        let message =
            self.endpoint.borrow().as_ref().map_or(DATA_RECEIVED_FAILED, |endpoint| endpoint.reception_failed());
        self.broken(message, error);
    }

    /// Whether something was reported that has to be read now.
    #[inline]
    pub(super) fn may_read(&self) -> bool {
        self.state.get().may_read()
    }

    /// A terminal says so once, and then goes on: it is not asked again.
    fn end_of_stream(&self, transport: &Transport) {
        self.change(State::set_end_seen);
        if let Err(error) = self.call(transport, |endpoint| endpoint.last_words(transport)) {
            return self.reception_broken(error);
        }
        if !self.state.get().may_receive() {
            // Its turn comes when reading goes on.
            return;
        }
        self.state.set(self.state.get().eof_came());
        if self.net.inner().get_debug() {
            crate::log::record!(debug, "{transport:?} received EOF");
        }
        match self.call(transport, |endpoint| endpoint.eof_received(transport)) {
            // A pipe has no other side that could stay open.
            Ok(true) if self.channel.direction() == Direction::Both => {}
            Ok(_) => self.close_stream(),
            Err(error) => self.broken("Fatal error: protocol.eof_received() call failed.", error),
        }
    }

    /// Nobody reads after the end of the stream, or where there is nothing to be read, so a peer that is gone would go
    /// unnoticed until the next write.
    #[inline]
    pub(super) fn watch_half_open(&self) {
        if self.state.get().is_half_open() {
            match self.channel.direction() {
                Direction::Write => self.watch_reader(),
                Direction::Both | Direction::Read => self.watch_error(),
            }
        }
    }

    fn watch_error(&self) {
        if self.state.get().readiness().has(Readiness::ERROR) {
            if let Ok(Some(error)) = self.channel.take_error() {
                self.channel_failed("Fatal error on", error);
            }
        }
    }

    /// The end of the one who reads is an error only if something is left for it.
    fn watch_reader(&self) {
        let gone = Readiness::READ_CLOSED.or(Readiness::WRITE_CLOSED).or(Readiness::ERROR);
        if !self.state.get().readiness().has(gone) {
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
