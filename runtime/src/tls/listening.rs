//! The layer as the endpoint of the transport below: ciphertext comes in, and the end of it.

use std::any::Any;
use std::rc::Rc;

use super::kept::End;
use super::layer::Layer;
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::ssl::explain;
use crate::sys::Lease;
use crate::transports::{AnyProtocol, Endpoint, Transport};

impl AnyProtocol for Layer {
    /// It takes note of everything, whatever the protocol above is doing.
    fn is_busy(&self) -> bool {
        false
    }

    fn report(self: Rc<Self>, context: ExceptionContext) -> ExceptionContext {
        match self.above.borrow().clone() {
            Some(above) => above.report(context),
            None => context,
        }
    }

    /// A layer is no protocol of the program's: nothing is handed out.
    fn hand_out(self: Rc<Self>, _slot: &mut dyn Any) {}
}

impl Endpoint for Layer {
    fn connection_made(&self, transport: &Transport) -> Result<()> {
        self.begin(transport);
        Ok(())
    }

    fn data_received(&self, _transport: &Transport, data: &[u8]) -> Result<usize> {
        // rustls decrypts where the bytes lie, and these are not ours to overwrite.
        let mut copy = self.memory.lend();
        copy.push(data);
        self.received(copy.as_mut_slice());
        Ok(data.len())
    }

    fn lease_received(&self, _transport: &Transport, lease: &mut Lease<'_>, length: usize) -> Result<usize> {
        self.received(lease.get_mut(..length).unwrap_or_default());
        Ok(length)
    }

    fn eof_received(&self, _transport: &Transport) -> Result<bool> {
        if self.state.get().is_handshaking() {
            self.left();
        } else {
            self.ended(End::Truncated);
        }
        // Whatever has to end the transport below has ended it.
        Ok(true)
    }

    fn connection_lost(&self, _transport: &Transport, exc: Option<&Error>) -> Result<()> {
        self.lost(exc)
    }

    fn defers_loss(&self, exc: Option<&Error>) -> bool {
        let above = self.above.borrow().clone();
        let is_busy = self.state.get().is_held() || above.is_some_and(|above| above.defers_loss(exc));
        if is_busy {
            self.losing(exc);
        }
        is_busy
    }

    fn pause_writing(&self, _transport: &Transport) -> Result<()> {
        self.change(|state| state.set_full(true));
        self.settle();
        Ok(())
    }

    fn resume_writing(&self, _transport: &Transport) -> Result<()> {
        self.change(|state| state.set_full(false));
        if self.change(|state| state.set_choked(false)) {
            self.soon(Self::go_on);
        }
        self.settle();
        Ok(())
    }

    fn outer(&self) -> Option<Transport> {
        let above = self.above.borrow().as_ref().and_then(|above| above.outer());
        above.or_else(|| self.this_transport())
    }
}

impl Layer {
    /// Ciphertext came, in memory that may be overwritten.
    fn received(&self, data: &mut [u8]) {
        let mut plain = self.memory.lend();
        let result = self.with_session(&mut plain, |session, output| session.receive(data, output));
        self.check_handshake();
        self.deliver(plain.as_slice());
        if let Err(error) = result {
            self.end_with(explain(&error).with_peer(self.peer()).into());
        } else if self.session.borrow().peer_closed() {
            self.ended(End::Clean);
        }
    }
}
