//! The end of a connection: by `close`, `abort`, an error, or with the loop.

use std::io;

use super::super::Transport;
use super::super::state::{Closing, State};
use super::{Medium, Stream};
use crate::exceptions::{Error, OsError, catch};
use crate::sys::{Address, Direction, HUNG_UP};

impl<M: Medium> Stream<M> {
    pub(super) fn close_stream(&self) {
        let waiting = self.has_waiting() || self.state.get().is_sending_file();
        match self.change(|state| state.close(waiting)) {
            Closing::Nothing => {}
            Closing::Flush => self.open_room(None),
            Closing::Lose => {
                // A handler that waits holds back `connection_lost` itself.
                self.open_room(None);
                self.lose_soon(None);
            }
        }
    }

    pub(super) fn abort_stream(&self) {
        self.lose(None);
    }

    pub(super) fn end_writing(&self) {
        if self.change(State::ask_eof) && !self.has_waiting() && !self.state.get().is_sending_file() {
            self.shut_writing();
        }
    }

    pub(super) fn shut_writing(&self) {
        if let Err(error) = self.check_process().and_then(|()| self.channel.end_writing()) {
            self.channel_failed("Fatal error on shutdown of", error);
        }
    }

    /// The system refused something.
    #[cold]
    pub(super) fn channel_failed(&self, what: &'static str, error: io::Error) {
        let error = self.at_peer(error);
        self.lose_by(what, error);
    }

    /// The protocol failed, and what it would do next is anybody's guess.
    #[cold]
    pub(super) fn broken(&self, message: &'static str, error: Error) {
        self.report(message, error.clone());
        self.lose(Some(error));
    }

    /// Peers that vanish are normal: that is logged in debug mode only. A pipe cannot be read for other reasons.
    #[cold]
    pub(super) fn lose_by(&self, what: &'static str, error: Error) {
        let message = format!("{what} {} transport", M::NAME);
        let direction = self.channel.direction();
        let is_normal = |error: &OsError| direction != Direction::Read || error.raw_os_error() == Some(HUNG_UP);
        if !matches!(&error, Error::OsError(error) if is_normal(error)) {
            self.report(message, error.clone());
        } else if self.net.inner().get_debug() {
            crate::log::record!(debug, "{self:?}: {message}: {error}");
        }
        self.lose(Some(error));
    }

    pub(super) fn at_peer(&self, error: io::Error) -> Error {
        match &self.peer {
            Some(peer) => Error::os_error_at(error, peer),
            None => error.into(),
        }
    }

    /// Drops what waits to be sent and schedules `connection_lost`.
    pub(super) fn lose(&self, exc: Option<Error>) {
        if !self.change(State::lose) {
            return;
        }
        self.drop_waiting();
        self.open_room(exc.as_ref());
        if self.state.get().is_sending_file() {
            self.lose_file(exc.as_ref());
        }
        self.lose_soon(exc);
    }

    fn lose_soon(&self, exc: Option<Error>) {
        if let Some(this) = self.this.upgrade() {
            self.net.inner().call_soon_internal(move || {
                let transport = this.transport();
                this.in_context(|| this.lost(&transport, exc));
            });
        }
    }

    /// Calls `connection_lost` and then closes the channel.
    pub(super) fn lost(&self, transport: &Transport, exc: Option<Error>) {
        if !self.state.get().is_lost() && (self.state.get().is_held() || self.is_deferred(exc.as_ref())) {
            self.change(|state| state.set_held(true));
            return self.with_outgoing(|outgoing| outgoing.late = Some(exc));
        }
        if !self.change(State::lost) {
            return;
        }
        if let Err(error) = self.call(transport, |endpoint| endpoint.connection_lost(transport, exc.as_ref())) {
            self.report("protocol.connection_lost() call failed", error);
        }
        // The caller has two references to it, and the loop one.
        let is_shared = self.this.strong_count() > 2 + usize::from(self.has_source());
        let own_address = if is_shared { self.channel.local_address() } else { None };
        self.release(own_address);
        if let Some(owner) = &self.owner {
            owner.detached();
        }
    }

    /// Whether the protocol above a layer is busy.
    fn is_deferred(&self, exc: Option<&Error>) -> bool {
        let endpoint = self.endpoint.borrow().clone();
        endpoint.is_some_and(|endpoint| endpoint.defers_loss(exc))
    }

    /// The protocol is free again: tells it what fell due meanwhile.
    pub(super) fn catch_up(&self) {
        let late = self.outgoing.borrow_mut().as_mut().and_then(|outgoing| outgoing.late.take());
        let Some(this) = self.this.upgrade() else { return };
        let transport = this.transport();
        if let Some(exc) = late {
            return self.in_context(|| self.lost(&transport, exc));
        }
        self.in_context(|| self.settle(&transport));
        if self.may_read() {
            self.queue();
        }
    }

    /// Closes the channel and lets go of the protocol. The channel's address is kept for those who may still ask.
    fn release(&self, own_address: Option<Address>) {
        self.drop_waiting();
        if let Some(address) = own_address {
            self.with_outgoing(|outgoing| outgoing.sockname = Some(address));
        }
        self.open_room(None);
        self.wake_file_sender();
        self.unread.take();
        self.net.close(&self.source, &self.live, &self.channel);
        let endpoint = self.endpoint.take();
        if let Err(panic) = catch(|| drop(endpoint)) {
            self.report("dropping the protocol failed", panic.into());
        }
    }

    fn drop_waiting(&self) {
        let waiting = self.outgoing.borrow_mut().as_mut().map(|outgoing| std::mem::take(&mut outgoing.buffer));
        drop(waiting);
    }

    /// The loop was closed: everything goes, and nobody is called.
    pub(super) fn forget(&self) {
        if self.state.get().is_lost() {
            return;
        }
        // Told before it is, else a connection in memory would be shown as closed.
        self.net.unclosed("transport", self, self.net.site(self.live.get()));
        self.change(State::lost);
        self.release(self.channel.local_address());
    }
}
