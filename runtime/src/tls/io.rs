//! The layer as what stands behind the protocol's transport: plaintext goes out.

use std::fs::File;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::layer::Layer;
use super::session::RECORD;
use super::spool::Spool;
use crate::constants::LOG_THRESHOLD_FOR_CONNLOST_WRITES;
use crate::exceptions::{Error, Result};
use crate::net::FilePart;
use crate::ssl::explain;
use crate::sys::{Address, RawFd};
use crate::transports::{Endpoint, ExtraInfo, Io, Limits, Room, TransportPipe, TransportSocket, Unread, checked_after};

/// So much is encrypted before it is sent: what a socket takes at once, and a whole number of records.
const PIECE: usize = 8 * RECORD;

impl Layer {
    /// Encrypts and sends.
    fn send(&self, data: &[u8]) {
        for piece in data.chunks(PIECE) {
            if !self.send_at_once(piece) {
                return;
            }
        }
    }

    /// False if the session has failed.
    fn send_at_once(&self, data: &[u8]) -> bool {
        let mut plain = Spool::default();
        let result = self.with_session(&mut plain, |session, output| session.encrypt(data, output));
        debug_assert!(plain.is_empty(), "all that came was decrypted when it came");
        match result {
            Ok(()) => true,
            Err(error) => {
                self.end_with(explain(&error).with_peer(self.peer()).into());
                false
            }
        }
    }

    #[cold]
    fn gone(&self) -> Error {
        self.at_peer(io::Error::new(io::ErrorKind::NotConnected, "the connection is closing or closed"))
    }

    fn may_write(&self, size: usize) -> bool {
        if self.state.get().is_sending_file() {
            self.report("data was written while a file was being sent, and dropped", busy());
            return false;
        }
        if self.state.get().is_open() && !self.is_closing() {
            return size > 0;
        }
        if size > 0 && self.change(|state| state.drop_write()) >= LOG_THRESHOLD_FOR_CONNLOST_WRITES {
            crate::log::warning(format_args!(
                "ASY0018: data was written to a connection that is closing or closed: {self:?}"
            ));
        }
        false
    }
}

/// Why nothing can be written for the moment.
fn busy() -> Error {
    Error::runtime_error("sendfile() is in progress on this transport; await it before you write")
}

impl Io for Layer {
    fn write(&self, data: &[u8]) {
        if self.may_write(data.len()) {
            self.send(data);
        }
    }

    fn try_write(&self, data: &[u8]) -> Result<usize> {
        if self.state.get().is_sending_file() {
            return Err(busy());
        }
        let below = self.below().filter(|_| self.state.get().is_open() && !self.is_closing());
        let Some(below) = below else { return Err(self.gone()) };
        let mut sent = 0;
        for record in data.chunks(RECORD) {
            if below.get_write_buffer_size() > 0 {
                below.io().want_room();
                break;
            }
            self.send(record);
            sent += record.len();
        }
        Ok(sent)
    }

    fn write_pieces(&self, pieces: &[&[u8]]) {
        if !self.may_write(pieces.len()) {
            return;
        }
        // A record for each small piece would cost more than the piece.
        let mut gathered = self.memory.lend();
        for piece in pieces {
            if gathered.as_slice().len() + piece.len() > PIECE {
                self.send(gathered.as_slice());
                gathered.clear();
            }
            if piece.len() > RECORD && gathered.is_empty() { self.send(piece) } else { gathered.push(piece) }
        }
        self.send(gathered.as_slice());
    }

    fn write_eof(&self) {
        let text = "TLS cannot end one direction only, so write_eof() does nothing; close() ends both";
        self.report("write_eof() was called on a TLS connection", Error::not_implemented(text));
    }

    fn can_write_eof(&self) -> bool {
        false
    }

    fn close(&self) {
        self.close_layer();
    }

    fn abort(&self) {
        self.abort_below();
    }

    fn is_closing(&self) -> bool {
        self.state.get().is_closing() || self.below.borrow().as_ref().is_some_and(|below| below.is_closing())
    }

    fn pause_reading(&self) {
        if self.change(|state| state.pause()) {
            self.steer();
        }
    }

    fn resume_reading(&self) {
        if self.change(|state| state.resume()) {
            if self.kept.borrow().is_some() { self.soon(Self::go_on) } else { self.steer() }
        }
    }

    fn is_reading(&self) -> bool {
        !self.state.get().is_paused() && !self.is_closing()
    }

    fn set_limits(&self, limits: Limits) {
        if let Some(below) = self.below() {
            below.io().set_limits(limits);
        }
    }

    fn limits(&self) -> Limits {
        self.below().map_or_else(Limits::default, |below| below.io().limits())
    }

    fn set_hard_limit(&self, bytes: usize) {
        if let Some(below) = self.below() {
            below.set_write_hard_limit(bytes);
        }
    }

    fn buffered(&self) -> usize {
        self.below().map_or(0, |below| below.get_write_buffer_size())
    }

    fn want_room(&self) {
        if let Some(below) = self.below() {
            below.io().want_room();
        }
    }

    fn room(&self) -> Result<Option<Rc<Room>>> {
        let below = self.below().filter(|_| self.state.get().is_open() && !self.is_closing());
        match below {
            Some(below) => below.io().room(),
            None => Err(self.error.borrow().clone().unwrap_or_else(|| self.gone())),
        }
    }

    fn leave_room(&self) {
        if let Some(below) = self.below() {
            below.io().leave_room();
        }
    }

    fn peername(&self) -> Option<Address> {
        self.peer()
    }

    fn sockname(&self) -> Option<Address> {
        self.below()?.io().sockname()
    }

    fn extra(&self, name: &str) -> Option<ExtraInfo> {
        self.fact(name)
    }

    fn socket_fd(&self) -> Option<RawFd> {
        self.below()?.io().socket_fd()
    }

    fn socket(self: Rc<Self>) -> Option<TransportSocket> {
        self.below()?.socket()
    }

    fn pipe(self: Rc<Self>) -> Option<TransportPipe> {
        self.below()?.pipe()
    }

    fn endpoint(&self) -> Option<Rc<dyn Endpoint>> {
        self.above.borrow().clone()
    }

    fn has_unread(&self) -> bool {
        self.has_kept()
    }

    fn set_endpoint(&self, endpoint: Rc<dyn Endpoint>, unread: Vec<u8>) {
        if self.state.get().is_lost() {
            return;
        }
        let former = self.above.borrow().clone();
        let endpoint = checked_after(&self.inner, former, endpoint);
        let former = self.above.replace(Some(endpoint));
        drop(former);
        if !unread.is_empty() && self.state.get().is_open() {
            self.keep_before(Unread::new(unread));
            self.soon(Self::go_on);
        }
    }

    fn set_held(&self, held: bool) {
        self.change(|state| state.set_held(held));
        if held { self.steer() } else { self.soon(Self::catch_up) }
    }

    fn is_held(&self) -> bool {
        self.state.get().is_held()
    }

    fn has_paused_writer(&self) -> bool {
        self.state.get().is_told_full()
    }

    fn is_sending_file(&self) -> bool {
        self.state.get().is_sending_file()
    }

    /// The transport below receives nothing meanwhile; nor is handed over what it has brought already.
    fn stop_until_room(&self) -> bool {
        let choked = self.below().is_some_and(|below| below.stop_until_room());
        self.change(|state| state.set_choked(choked));
        choked
    }

    fn callback_failed(&self, message: &'static str, error: Error, fatal: bool) {
        if fatal {
            self.broken(message, error);
        } else {
            self.report(message, error);
        }
    }

    fn begin_sending_file(&self) -> Result<()> {
        let below = self.below().filter(|_| self.state.get().is_open() && !self.is_closing());
        let Some(below) = below else {
            return Err(Error::runtime_error("sendfile(): the transport is closing or closed"));
        };
        below.io().begin_sending_file()?;
        self.change(|state| state.begin_sending_file());
        Ok(())
    }

    fn end_sending_file(&self) {
        let is_closed = self.change(|state| state.end_sending_file());
        if let Some(below) = self.below() {
            below.io().end_sending_file();
        }
        if is_closed {
            self.close_layer();
        } else {
            // Who asked for it meanwhile is listening again, which the transport below has not been told.
            self.soon(Self::go_on);
        }
    }

    fn poll_all_sent(&self, cx: &Context<'_>) -> Poll<Result<()>> {
        let outcome = self.below().map_or(Poll::Ready(Ok(())), |below| below.io().poll_all_sent(cx));
        if self.state.get().is_open() {
            return outcome;
        }
        let aborted = || self.at_peer(io::Error::new(io::ErrorKind::ConnectionAborted, "the connection was aborted"));
        let own = self.error.borrow().clone();
        Poll::Ready(Err(match (own, outcome) {
            (Some(error), _) | (None, Poll::Ready(Err(error))) => error,
            _ => aborted(),
        }))
    }

    /// The system does not encrypt.
    fn poll_send_file(
        &self,
        _cx: &Context<'_>,
        _file: &File,
        _offset: u64,
        _size: usize,
        _is_first: bool,
    ) -> Poll<Result<usize>> {
        let error = Error::runtime_error("over TLS it has to be encrypted first");
        Poll::Ready(Err(FilePart::not_available(&error)))
    }

    fn send_file_piece(&self, data: &[u8]) {
        // At once, for the transport below does not keep a second piece behind a first.
        self.send_at_once(data);
    }

    fn fail(&self, error: Error) {
        if self.inner.get_debug() {
            crate::log::record!(debug, "{self:?} ends for what the peer has sent: {error}");
        }
        self.set_error(error);
        self.abort_below();
    }
}
