//! Sending: at once if possible, the rest when the system takes more.

use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;

use super::super::Transport;
use super::super::room::Room;
use super::super::state::{State, Writing};
use super::{Medium, Stream};
use crate::constants::LOG_THRESHOLD_FOR_CONNLOST_WRITES;
use crate::exceptions::{Error, Result};
use crate::sys::{Direction, Readiness, SEND_PIECES};

/// How many sends one connection may do before the others have their turn.
const SENDS_PER_TURN: usize = 16;

/// Why nothing can be written for the moment.
const BUSY: &str = "sendfile() is in progress on this transport; await it before you write";

impl<M: Medium> Stream<M> {
    /// Sends what can be sent, keeps the rest.
    #[inline]
    pub(super) fn send_or_keep(&self, data: &[u8]) {
        let usual = self.state.get().may_send_at_once() && !data.is_empty();
        if !usual && !self.may_send_now(data) {
            return;
        }
        match self.send_now(data) {
            Ok(sent) if sent == data.len() => {}
            Ok(sent) => self.keep(&[data.get(sent..).unwrap_or_default()]),
            Err(error) => self.channel_failed("Fatal write error on", error),
        }
    }

    /// Whether data is to be sent at once; else it was refused, or kept.
    fn may_send_now(&self, data: &[u8]) -> bool {
        if self.state.get().writing() != Writing::Allowed {
            self.refuse(data.len());
            return false;
        }
        if self.has_waiting() {
            self.keep(&[data]);
            return false;
        }
        !data.is_empty()
    }

    pub(super) fn send_pieces_or_keep(&self, mut pieces: &[&[u8]]) {
        if self.state.get().writing() != Writing::Allowed {
            return self.refuse(pieces.len());
        }
        let mut head: &[u8] = &[];
        let mut room = !self.has_waiting();
        while room && !pieces.is_empty() {
            let slices: Vec<IoSlice<'_>> = pieces.iter().take(SEND_PIECES).map(|piece| IoSlice::new(piece)).collect();
            self.change(|state| state.set_writable(true));
            match self.send_slices(&slices) {
                Ok(sent) => (head, pieces) = advance(pieces, sent),
                Err(error) => return self.channel_failed("Fatal write error on", error),
            }
            room = self.is_writable();
        }
        if !(head.is_empty() && pieces.is_empty()) {
            let rest: Vec<&[u8]> = [head].into_iter().chain(pieces.iter().copied()).collect();
            self.keep(&rest);
        }
    }

    /// Sends what can be sent, keeps nothing.
    pub(super) fn try_send(&self, data: &[u8]) -> Result<usize> {
        match self.state.get().writing() {
            Writing::Allowed => {}
            Writing::Ended => return Err(Error::runtime_error(self.ended("try_write()").1)),
            Writing::SendingFile => return Err(Error::runtime_error(BUSY)),
            Writing::Gone => return Err(self.gone()),
        }
        let sent = if self.has_waiting() || data.is_empty() { 0 } else { self.try_send_now(data)? };
        if sent < data.len() {
            self.with_outgoing(|outgoing| outgoing.flow.full());
            self.settle_now();
        }
        Ok(sent)
    }

    fn try_send_now(&self, data: &[u8]) -> Result<usize> {
        self.send_now(data).map_err(|error| {
            let error = self.at_peer(error);
            self.lose_by("Fatal write error on", error.clone());
            error
        })
    }

    /// The system takes more.
    #[inline]
    pub(super) fn write_ready(&self, transport: &Transport) {
        let state = self.state.get();
        if state.readiness().has(Readiness::FOR_WRITERS) && state.is_special() && !state.is_ending() {
            self.flush(transport);
        }
    }

    fn flush(&self, transport: &Transport) {
        self.change(|state| state.set_writable(true));
        let mut sends = 0;
        while self.has_waiting() && self.is_writable() {
            sends += 1;
            if sends > SENDS_PER_TURN {
                return self.queue();
            }
            let sent = self.with_outgoing(|outgoing| {
                let sent = outgoing.buffer.send(SEND_PIECES, |pieces| self.send_slices(pieces));
                outgoing.flow.shrunk(outgoing.buffer.size());
                sent
            });
            if let Err(error) = sent {
                return self.channel_failed("Fatal write error on", error);
            }
        }
        if !self.has_waiting() {
            self.with_outgoing(|outgoing| outgoing.flow.shrunk(0));
        }
        self.go_on_when_room();
        // The protocol may write more when it is told.
        self.settle(transport);
        if !self.has_waiting() {
            self.all_sent(transport);
        }
    }

    /// Whether more waits to be sent than the limits want. If so, nothing is received until there is room again.
    pub(super) fn stop_until_room(&self) -> bool {
        let full = self.outgoing.borrow().as_ref().is_some_and(|outgoing| outgoing.flow.is_paused());
        self.change(|state| state.set_full(full));
        full
    }

    /// There may be room again for those who wait for it.
    pub(super) fn go_on_when_room(&self) {
        if self.outgoing.borrow().as_ref().is_some_and(|outgoing| !outgoing.flow.is_paused()) {
            self.open_room(None);
        }
        if self.state.get().is_full() && !self.stop_until_room() && self.may_read() {
            self.queue();
        }
    }

    /// In which room to wait until more can be written; `None`: it can be now.
    pub(super) fn room_to_wait_in(&self) -> Result<Option<Rc<Room>>> {
        if self.state.get().is_closing() {
            return Err(self.gone());
        }
        let mut outgoing = self.outgoing.borrow_mut();
        let full = outgoing.as_mut().filter(|outgoing| outgoing.flow.is_paused());
        Ok(full.map(|outgoing| outgoing.room.get_or_insert_with(Room::new).clone()))
    }

    /// Lets those go on who wait for room: there is some, or nothing can be written any more.
    pub(super) fn open_room(&self, lost: Option<&Error>) {
        let room = self.outgoing.borrow_mut().as_mut().and_then(|outgoing| outgoing.room.take());
        if let Some(room) = room {
            room.open(lost);
        }
    }

    #[cold]
    fn gone(&self) -> Error {
        self.at_peer(io::Error::new(ErrorKind::NotConnected, "the connection is closing or closed"))
    }

    fn all_sent(&self, transport: &Transport) {
        if self.state.get().is_sending_file() {
            self.wake_file_sender();
        } else if self.state.get().is_flushing() {
            self.lost(transport, None);
        } else if self.state.get().eof_asked() {
            self.shut_writing();
        }
    }

    #[inline]
    pub(super) fn send_now(&self, data: &[u8]) -> io::Result<usize> {
        self.check_process()?;
        let sent = or_none(self.channel.send(data))?;
        if sent < data.len() {
            self.change(|state| state.set_writable(false));
        }
        Ok(sent)
    }

    /// Sends the first of these slices, as many as one system call takes.
    fn send_slices(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.check_process()?;
        let slices = slices.get(..SEND_PIECES).unwrap_or(slices);
        let sent = or_none(self.channel.send_vectored(slices))?;
        if sent < slices.iter().map(|slice| slice.len()).sum() {
            self.change(|state| state.set_writable(false));
        }
        Ok(sent)
    }

    /// A child of a fork shares the socket with its parent, and must leave the connection alone.
    #[inline]
    pub(super) fn check_process(&self) -> io::Result<()> {
        self.net.inner().check_usable().map_err(io::Error::from)
    }

    /// Whether the system takes more. After a send that came short trying is of no use until that is reported anew.
    pub(super) fn is_writable(&self) -> bool {
        self.state.get().readiness().has(Readiness::WRITABLE)
    }

    pub(super) fn buffered_bytes(&self) -> usize {
        self.outgoing.borrow().as_ref().map_or(0, |outgoing| outgoing.buffer.size())
    }

    /// Copies what the system did not take; more than the hard limit ends the connection.
    fn keep(&self, pieces: &[&[u8]]) {
        let more: usize = pieces.iter().map(|piece| piece.len()).sum();
        let kept = self.with_outgoing(|outgoing| {
            let size = outgoing.buffer.size() + more;
            if size > outgoing.hard_limit {
                return Err(outgoing.hard_limit);
            }
            pieces.iter().for_each(|piece| outgoing.buffer.push(piece));
            outgoing.flow.grown(size);
            Ok(())
        });
        match kept {
            Ok(()) => self.settle_now(),
            Err(limit) => self.overflowed(limit),
        }
    }

    #[cold]
    fn overflowed(&self, limit: usize) {
        let peer = self.peer.as_ref().map_or_else(|| "the peer".to_owned(), |peer| format!("the peer {peer}"));
        let error = Error::runtime_error(format!(
            "{peer} does not read: more than {limit} bytes would wait to be sent to it; stop writing when \
             pause_writing() is called, or raise the limit with set_write_hard_limit()"
        ));
        self.lose_by("Fatal write error on", error);
    }

    /// Why nothing can be written to a connection that is open.
    #[cold]
    pub(super) fn ended(&self, call: &str) -> (&'static str, String) {
        if self.channel.direction() == Direction::Read {
            (
                "data was written to a pipe that is read, and dropped",
                format!("{call} was called on the transport of connect_read_pipe(); use connect_write_pipe()"),
            )
        } else {
            (
                "data was written after write_eof(), and dropped",
                format!("{call} was called after write_eof(); write everything before you end the stream"),
            )
        }
    }

    #[cold]
    fn refuse(&self, size: usize) {
        match self.state.get().writing() {
            Writing::Ended => {
                let (message, error) = self.ended("write()");
                return self.report(message, Error::runtime_error(error));
            }
            Writing::SendingFile => {
                return self
                    .report("data was written while a file was being sent, and dropped", Error::runtime_error(BUSY));
            }
            Writing::Allowed | Writing::Gone => {}
        }
        if size > 0 && self.change(State::drop_write) >= LOG_THRESHOLD_FOR_CONNLOST_WRITES {
            crate::log::warning(format_args!(
                "ASY0018: data was written to a connection that is closing or closed: {self:?}"
            ));
        }
    }
}

/// "Not now" means that nothing was sent.
fn or_none(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

/// What is left of `pieces` after `sent` bytes: the rest of a piece, and the pieces after it.
fn advance<'p, 'd>(mut pieces: &'p [&'d [u8]], mut sent: usize) -> (&'d [u8], &'p [&'d [u8]]) {
    while let Some((first, others)) = pieces.split_first().filter(|_| sent > 0) {
        pieces = others;
        if sent < first.len() {
            return (first.get(sent..).unwrap_or_default(), pieces);
        }
        sent -= first.len();
    }
    (&[], pieces)
}
