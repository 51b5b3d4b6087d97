//! `Stream` as what stands behind a `Transport`.

use std::fs::File;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::super::checked::checked_after;
use super::super::endpoint::Endpoint;
use super::super::flow_control::{HARD_LIMIT, Limits};
use super::super::room::Room;
use super::super::state::State;
use super::super::unread::Unread;
use super::super::{Io, TransportPipe, TransportSocket};
use super::{Medium, Stream};
use crate::exceptions::{Error, Result};
use crate::sys::{Address, Direction, RawFd};

impl<M: Medium> Io for Stream<M> {
    #[inline]
    fn write(&self, data: &[u8]) {
        self.send_or_keep(data);
    }

    fn try_write(&self, data: &[u8]) -> Result<usize> {
        self.try_send(data)
    }

    fn write_pieces(&self, pieces: &[&[u8]]) {
        self.send_pieces_or_keep(pieces);
    }

    fn write_eof(&self) {
        match self.channel.direction() {
            Direction::Both => self.end_writing(),
            Direction::Write => self.close_stream(),
            Direction::Read => {}
        }
    }

    fn can_write_eof(&self) -> bool {
        self.channel.direction() != Direction::Read
    }

    fn close(&self) {
        self.close_stream();
    }

    fn abort(&self) {
        self.abort_stream();
    }

    fn is_closing(&self) -> bool {
        self.state.get().is_closing()
    }

    fn pause_reading(&self) {
        if self.change(State::pause) && self.net.inner().get_debug() {
            crate::log::record!(debug, "{self:?} pauses reading");
        }
    }

    fn resume_reading(&self) {
        if self.channel.direction() != Direction::Write && self.change(State::resume) {
            if self.net.inner().get_debug() {
                crate::log::record!(debug, "{self:?} resumes reading");
            }
            // What was reported meanwhile is not reported again.
            if self.may_read() {
                self.queue();
            }
        }
    }

    fn is_reading(&self) -> bool {
        self.state.get().is_reading()
    }

    fn set_limits(&self, limits: Limits) {
        if self.state.get().is_lost() {
            return;
        }
        self.with_outgoing(|outgoing| outgoing.flow.set_limits(limits, outgoing.buffer.size()));
        self.settle_now();
        self.tidy();
    }

    fn limits(&self) -> Limits {
        self.outgoing.borrow().as_ref().map_or_else(Limits::default, |outgoing| outgoing.flow.limits())
    }

    fn set_hard_limit(&self, bytes: usize) {
        if bytes != HARD_LIMIT || self.outgoing.borrow().is_some() {
            self.with_outgoing(|outgoing| outgoing.hard_limit = bytes);
        }
    }

    fn buffered(&self) -> usize {
        self.buffered_bytes()
    }

    fn want_room(&self) {
        self.with_outgoing(|outgoing| outgoing.flow.full());
        self.settle_now();
    }

    fn room(&self) -> Result<Option<Rc<Room>>> {
        self.room_to_wait_in()
    }

    #[cfg(feature = "tls")]
    fn leave_room(&self) {
        self.open_room(None);
    }

    fn peername(&self) -> Option<Address> {
        self.peer.clone()
    }

    fn sockname(&self) -> Option<Address> {
        let kept = self.outgoing.borrow().as_ref().and_then(|outgoing| outgoing.sockname.clone());
        kept.or_else(|| self.channel.local_address())
    }

    fn socket_fd(&self) -> Option<RawFd> {
        self.channel.socket_fd()
    }

    fn socket(self: Rc<Self>) -> Option<TransportSocket> {
        M::socket(self)
    }

    fn pipe(self: Rc<Self>) -> Option<TransportPipe> {
        M::pipe(self)
    }

    fn endpoint(&self) -> Option<Rc<dyn Endpoint>> {
        self.endpoint.borrow().clone()
    }

    #[cfg(feature = "tls")]
    fn has_unread(&self) -> bool {
        self.state.get().has_unread()
    }

    fn set_endpoint(&self, endpoint: Rc<dyn Endpoint>, unread: Vec<u8>) {
        if self.state.get().is_lost() {
            return;
        }
        self.change(|state| state.set_buffered(endpoint.is_buffered()));
        let former = self.endpoint.borrow().clone();
        let endpoint = checked_after(self.net.inner(), former, endpoint);
        let former = self.endpoint.replace(Some(endpoint));
        drop(former);
        if !unread.is_empty() {
            self.put_back(Unread::new(unread));
            if self.may_read() {
                self.queue();
            }
        }
    }

    fn set_held(&self, held: bool) {
        self.change(|state| state.set_held(held));
        if !held {
            self.catch_up();
        }
    }

    #[cfg(feature = "tls")]
    fn is_held(&self) -> bool {
        self.state.get().is_held()
    }

    #[cfg(feature = "tls")]
    fn has_paused_writer(&self) -> bool {
        self.outgoing.borrow().as_ref().is_some_and(|outgoing| outgoing.flow.is_told())
    }

    #[cfg(feature = "tls")]
    fn is_sending_file(&self) -> bool {
        self.state.get().is_sending_file()
    }

    fn stop_until_room(&self) -> bool {
        self.stop_until_room()
    }

    fn callback_failed(&self, message: &'static str, error: Error, fatal: bool) {
        if fatal {
            self.broken(message, error);
        } else {
            self.report(message, error);
        }
    }

    fn begin_sending_file(&self) -> Result<()> {
        self.begin_sending_file()
    }

    fn end_sending_file(&self) {
        self.end_sending_file();
    }

    fn poll_all_sent(&self, cx: &Context<'_>) -> Poll<Result<()>> {
        self.poll_all_sent(cx)
    }

    fn poll_send_file(
        &self,
        cx: &Context<'_>,
        file: &File,
        offset: u64,
        size: usize,
        is_first: bool,
    ) -> Poll<Result<usize>> {
        self.poll_send_file(cx, file, offset, size, is_first)
    }

    fn send_file_piece(&self, data: &[u8]) {
        self.send_file_piece(data);
    }

    fn fail(&self, error: Error) {
        if self.net.inner().get_debug() {
            crate::log::record!(debug, "{self:?} ends for what the peer has sent: {error}");
        }
        self.lose(Some(error));
    }
}
