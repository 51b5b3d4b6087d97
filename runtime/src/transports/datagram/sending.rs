//! Sending: at once if possible, the rest when the system takes more. A datagram goes whole or not at all.

use std::io::{self, ErrorKind};
use std::rc::Rc;

use super::super::room::Room;
use super::super::state::{State, Writing};
use super::queue::cost;
use super::{Datagram, DatagramTransport, RETRY, Remote};
use crate::constants::LOG_THRESHOLD_FOR_CONNLOST_WRITES;
use crate::exceptions::{Error, Result};
use crate::sys::{Address, Interest, Parcel, Readiness, UnixAddress};

/// How many datagrams one endpoint may send before the others have their turn.
const SENDS_PER_TURN: usize = 64;

/// How many errors wait for a protocol that is running; more are only counted.
const ERRORS: usize = 64;

impl Datagram {
    /// Sends it now or keeps it. The errors are the caller's mistakes; those of the system go to the protocol.
    pub(super) fn send_or_keep(&self, data: &[u8], addr: Option<Address>) -> Result<()> {
        let to = self.destination(addr)?;
        if self.state.get().writing() != Writing::Allowed {
            self.refuse();
        } else if self.has_waiting() && !self.has_gathered() {
            self.keep(data, to);
        } else if self.gathers(data.len()) {
            self.gather(data, to);
        } else {
            self.flush_gathered();
            self.send_or_wait(data, to);
        }
        Ok(())
    }

    fn send_or_wait(&self, data: &[u8], to: Option<Address>) {
        if self.has_waiting() {
            return self.keep(data, to);
        }
        match self.send_now(data, to.as_ref()) {
            Ok(true) => {}
            Ok(false) => self.keep(data, to),
            Err(error) => self.failed(error, to.or_else(|| self.peer())),
        }
    }

    /// Where it goes; `None` is where the socket is connected to.
    fn destination(&self, addr: Option<Address>) -> Result<Option<Address>> {
        match (&self.remote, addr) {
            (Remote::Any, Some(addr)) if matches!(addr, Address::Unix(_)) != self.unix => Err(other_family(self.unix)),
            (Remote::Any, Some(addr)) => Ok(Some(addr)),
            (Remote::Any, None) => Err(Error::value_error(
                "sendto() needs an address: this endpoint has no remote_addr; give one to either of them",
            )),
            (Remote::Fixed(remote), addr) if addr.as_ref().is_none_or(|addr| addr.internet() == Some(*remote)) => {
                Ok(Some((*remote).into()))
            }
            (Remote::Connected(peer), addr) if addr.is_none() || addr == *peer => Ok(None),
            (remote, Some(addr)) => Err(elsewhere(remote, &addr)),
            (_, None) => Ok(None),
        }
    }

    /// False: the system takes nothing at the moment.
    fn send_now(&self, data: &[u8], to: Option<&Address>) -> io::Result<bool> {
        // A child of a fork shares the socket with its parent, and must leave it alone.
        self.net.inner().check_usable().map_err(io::Error::from)?;
        match self.socket.send_datagram(data, to) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.wait_for_room();
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the system takes more. After a send that it refused trying is of no use until that is reported anew.
    pub(super) fn set_writable(&self, writable: bool) {
        let others = self.readiness.get().without(Readiness::WRITABLE);
        self.readiness.set(others.or(Readiness::WRITABLE.when(writable)));
    }

    /// Copies a datagram that has to wait; one more than the hard limit allows is dropped, and the protocol hears of it.
    fn keep(&self, data: &[u8], to: Option<Address>) {
        let mut outgoing = self.outgoing.borrow_mut();
        let size = outgoing.queue.size() + cost(data.len());
        let limit = outgoing.hard_limit;
        if size > limit {
            outgoing.dropped += 1;
            drop(outgoing);
            return self.failed(overflow(limit), to.or_else(|| self.peer()));
        }
        if outgoing.queue.is_empty() {
            outgoing.queue = self.net.datagrams().take_queue();
        }
        outgoing.queue.push(data, to);
        outgoing.flow.grown(size);
        drop(outgoing);
        self.settle_now();
    }

    /// The system takes more.
    pub(super) fn write_ready(&self, transport: &DatagramTransport) {
        self.flush_gathered();
        let is_reported = self.readiness.get().has(Readiness::WRITABLE.or(Readiness::ERROR));
        if is_reported && self.has_waiting() {
            self.flush(transport);
        }
    }

    fn flush(&self, transport: &DatagramTransport) {
        self.set_writable(true);
        self.send_waiting(SENDS_PER_TURN);
        let mut outgoing = self.outgoing.borrow_mut();
        let size = outgoing.queue.size();
        outgoing.flow.shrunk(size);
        let paused = outgoing.flow.is_paused();
        drop(outgoing);
        if !paused {
            self.open_room();
        }
        // The protocol may send more when it is told.
        self.settle(transport);
        if self.has_waiting() {
            if self.readiness.get().has(Readiness::WRITABLE) {
                self.queue();
            }
        } else if self.state.get().is_flushing() {
            self.lost(transport);
        }
    }

    /// Hands what waits to the system, oldest first, until it refuses one. A failed datagram is gone, with its error.
    pub(super) fn send_waiting(&self, most: usize) {
        let mut left = most;
        while left > 0 {
            let outgoing = self.outgoing.borrow();
            let (parcels, bytes) = outgoing.queue.front();
            let Some(first) = parcels.first() else { break };
            let sent = self.send_batch(bytes, parcels, left);
            let to = if sent.is_err() { first.to.clone() } else { None };
            drop(outgoing);
            match sent {
                Ok(0) => break,
                Ok(count) => {
                    self.retry_after.set(RETRY.0);
                    self.outgoing.borrow_mut().queue.pop(count);
                    left -= count;
                }
                Err(error) => {
                    self.outgoing.borrow_mut().queue.pop(1);
                    left -= 1;
                    self.failed(error, to.or_else(|| self.peer()));
                }
            }
        }
        if !self.has_waiting() {
            let queue = std::mem::take(&mut self.outgoing.borrow_mut().queue);
            self.net.datagrams().give_queue(queue);
            if self.watches_room.replace(false) {
                self.rearm(Interest::Read);
            }
        }
    }

    /// The system takes nothing at the moment: it is asked to say when that has changed.
    ///
    /// It is not asked before, because then it would say so after each datagram that a receiver has taken.
    fn wait_for_room(&self) {
        self.set_writable(false);
        if self.unix && self.remote == Remote::Any {
            return self.try_again_later();
        }
        if !self.watches_room.replace(true) {
            self.rearm(Interest::Both);
        }
    }

    /// The receiver has no room, and an endpoint that is not connected to it is never told when it has: that has to be
    /// tried, less and less often.
    fn try_again_later(&self) {
        let Some(this) = self.this.upgrade().filter(|_| !self.retries.replace(true)) else { return };
        let delay = self.retry_after.get();
        self.retry_after.set(RETRY.1.min(delay * 2));
        let planned = self.net.inner().call_later_internal(delay, move || {
            this.retries.set(false);
            if this.has_waiting() {
                this.set_writable(true);
                this.queue();
            }
        });
        if let Err(error) = planned {
            self.retries.set(false);
            crate::log::record!(error, "ASY0026: {self:?} cannot go on sending: {error}");
        }
    }

    /// In which room to wait until more can be sent; `None`: it can be now.
    pub(super) fn room_to_wait_in(&self) -> Result<Option<Rc<Room>>> {
        self.flush_gathered();
        if self.state.get().is_closing() {
            return Err(io::Error::new(ErrorKind::NotConnected, "the endpoint is closing or closed").into());
        }
        let mut outgoing = self.outgoing.borrow_mut();
        let full = outgoing.flow.is_paused();
        Ok(full.then(|| outgoing.room.get_or_insert_with(Room::new).clone()))
    }

    /// Lets those go on who wait for room: there is some, or nothing can be sent any more.
    pub(super) fn open_room(&self) {
        let room = self.outgoing.borrow_mut().room.take();
        if let Some(room) = room {
            room.open(None);
        }
    }

    pub(super) fn rearm(&self, interest: Interest) {
        let (Some(key), Some(fd)) = (self.source.get(), self.socket.fileno()) else { return };
        if self.is_unwatched() {
            return self.watch_again(key, fd, interest);
        }
        if let Err(error) = self.net.inner().rearm_source(key, fd, interest) {
            crate::log::record!(error, "ASY0026: {self:?} cannot be watched any more: {error}");
        }
    }

    /// How many of them the system took, at most so many; none: it takes nothing at the moment.
    fn send_batch(&self, bytes: &[u8], parcels: &[Parcel], most: usize) -> io::Result<usize> {
        self.net.inner().check_usable().map_err(io::Error::from)?;
        match self.socket.send_batch(bytes, parcels, most, &self.segments) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.wait_for_room();
                Ok(0)
            }
            sent => sent,
        }
    }

    /// One datagram failed. The protocol is told at once, or right after the callback that is running.
    #[cold]
    pub(super) fn failed(&self, error: io::Error, at: Option<Address>) {
        let error = match at {
            Some(address) => Error::os_error_at(error, address),
            None => error.into(),
        };
        if self.net.inner().get_debug() {
            crate::log::record!(debug, "{self:?}: {error}");
        }
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.errors.len() < ERRORS {
            outgoing.errors.push_back(error);
        } else {
            outgoing.more_errors += 1;
        }
        drop(outgoing);
        self.settle_now();
    }

    #[cold]
    fn refuse(&self) {
        self.outgoing.borrow_mut().dropped += 1;
        if self.change(State::drop_write) >= LOG_THRESHOLD_FOR_CONNLOST_WRITES {
            crate::log::warning(format_args!(
                "ASY0018: a datagram was sent by an endpoint that is closing or closed: {self:?}"
            ));
        }
    }
}

#[cold]
fn other_family(unix: bool) -> Error {
    Error::value_error(if unix {
        "sendto() is for addresses of the Internet's, and this endpoint is a unix socket; use sendto_path()"
    } else {
        "sendto_path() is for unix sockets, and this endpoint is one of the Internet's; use sendto()"
    })
}

#[cold]
fn elsewhere(remote: &Remote, addr: &Address) -> Error {
    let remote = match remote {
        Remote::Fixed(remote) => remote.to_string(),
        Remote::Connected(Some(remote)) if *remote != UnixAddress::Unnamed.into() => remote.to_string(),
        Remote::Connected(_) | Remote::Any => "its peer".to_owned(),
    };
    Error::value_error(format!(
        "this endpoint sends to {remote} and not to {addr}: give sendto() no address, or make the endpoint without \
         remote_addr"
    ))
}

#[cold]
pub(super) fn overflow(limit: usize) -> io::Error {
    let text = format!(
        "the datagram was dropped: more than {limit} bytes would wait to be sent; stop when pause_writing() is called, \
         or raise the limit with set_write_hard_limit()"
    );
    io::Error::new(ErrorKind::QuotaExceeded, text)
}
