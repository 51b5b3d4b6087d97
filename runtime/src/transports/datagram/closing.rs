//! The end of an endpoint: by `close`, by `abort`, or with the loop. Errors do not end it.

use super::super::state::{Closing, State};
use super::{Datagram, DatagramTransport};
use crate::exceptions::catch;

impl Datagram {
    pub(super) fn close_endpoint(&self) {
        self.flush_gathered();
        let waiting = self.has_waiting();
        match self.change(|state| state.close(waiting)) {
            Closing::Nothing => {}
            Closing::Flush => {
                self.open_room();
                // Who was told of an error just now may have sent another one; from now on nothing is gathered.
                self.flush_gathered();
                if !self.has_waiting() && self.change(State::lose) {
                    self.lose_soon();
                }
            }
            Closing::Lose => self.lose_soon(),
        }
    }

    /// Drops what waits to be sent and schedules `connection_lost`.
    pub(super) fn abort_endpoint(&self) {
        self.flush_gathered();
        if self.change(State::lose) {
            self.drop_waiting();
            self.lose_soon();
        }
    }

    fn lose_soon(&self) {
        if let Some(this) = self.this.upgrade() {
            self.net.inner().call_soon_internal(move || {
                let transport = this.transport();
                this.in_context(|| this.lost(&transport));
            });
        }
    }

    /// Calls `connection_lost` and then closes the socket.
    pub(super) fn lost(&self, transport: &DatagramTransport) {
        if !self.change(State::lost) {
            return;
        }
        if let Err(error) = self.call(transport, |endpoint| endpoint.connection_lost(transport, None)) {
            self.report("protocol.connection_lost() call failed", error);
        }
        self.release();
    }

    /// Closes the socket and lets go of the protocol.
    fn release(&self) {
        *self.sockname.borrow_mut() = self.socket.local_address().ok().flatten();
        self.drop_waiting();
        self.open_room();
        self.forget_unwatched();
        self.net.close(&self.source, &self.live, &self.socket);
        let endpoint = self.endpoint.take();
        if let Err(panic) = catch(|| drop(endpoint)) {
            self.report("dropping the protocol failed", panic.into());
        }
    }

    fn drop_waiting(&self) {
        let mut outgoing = self.outgoing.borrow_mut();
        let waiting = std::mem::take(&mut outgoing.queue);
        drop(outgoing);
        drop((waiting, self.kept.take()));
        self.gathered.set(false);
    }

    /// The loop was closed: everything goes, and nobody is called.
    pub(super) fn forget(&self) {
        if !self.change(State::lost) {
            return;
        }
        self.net.unclosed("transport", self, self.net.site(self.live.get()));
        self.release();
    }
}
