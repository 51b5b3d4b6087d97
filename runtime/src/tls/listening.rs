//! The layer as the endpoint of the transport below: ciphertext comes in, and the end of it.

use std::any::Any;
use std::rc::Rc;

use super::layer::{End, Layer};
use super::spool::Spool;
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::ssl::explain;
use crate::transports::{AnyProtocol, Endpoint, Transport};

impl AnyProtocol for Layer {
    fn is_busy(&self) -> bool {
        self.state.get().is_running() || self.above.borrow().as_ref().is_some_and(|above| above.is_busy())
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

    fn data_received(&self, _transport: &Transport, data: &[u8]) -> Result<()> {
        // rustls decrypts where the bytes lie, and these are not ours to overwrite.
        let mut copy = self.memory.lend();
        copy.push(data);
        self.received(copy.as_mut_slice())
    }

    fn data_lent(&self, _transport: &Transport, data: &mut [u8]) -> Result<()> {
        self.received(data)
    }

    fn eof_received(&self, _transport: &Transport) -> Result<bool> {
        if self.state.get().is_handshaking() {
            self.left();
            return Ok(true);
        }
        self.ended(End::Truncated)?;
        // Whatever has to end the transport below has ended it.
        Ok(true)
    }

    fn connection_lost(&self, _transport: &Transport, exc: Option<&Error>) -> Result<()> {
        self.lost(exc)
    }

    fn pause_writing(&self, _transport: &Transport) -> Result<()> {
        if self.state.get().is_made() { self.call(|above, transport| above.pause_writing(transport)) } else { Ok(()) }
    }

    fn resume_writing(&self, _transport: &Transport) -> Result<()> {
        if self.state.get().is_made() { self.call(|above, transport| above.resume_writing(transport)) } else { Ok(()) }
    }

    fn outer(&self) -> Option<Transport> {
        let above = self.above.borrow().as_ref().and_then(|above| above.outer());
        above.or_else(|| self.this_transport())
    }
}

impl Layer {
    /// Ciphertext came, in memory that may be overwritten.
    fn received(&self, data: &mut [u8]) -> Result<()> {
        let mut plain = self.memory.lend();
        let result = self.with_session(&mut plain, |session, output| session.receive(data, output));
        self.check_handshake()?;
        self.deliver(&plain)?;
        if let Err(error) = result {
            self.fail(explain(&error).with_peer(self.peer()).into());
        } else if self.session.borrow().peer_closed() {
            self.ended(End::Clean)?;
        }
        Ok(())
    }

    /// Hands plaintext to the protocol, or keeps it until the protocol wants it.
    pub(super) fn deliver(&self, plain: &Spool) -> Result<()> {
        // What comes after close() is nobody's.
        if plain.is_empty() || !self.state.get().is_open() {
            return Ok(());
        }
        if self.state.get().is_paused() || self.held.borrow().is_some() {
            self.held.borrow_mut().get_or_insert_default().plain.extend_from_slice(plain.as_slice());
            return Ok(());
        }
        self.call(|above, transport| above.data_received(transport, plain.as_slice()))
    }

    /// Hands over what was kept, now that the protocol reads again.
    pub(super) fn deliver_held(&self) {
        if self.state.get().is_paused() || !self.state.get().is_open() {
            return;
        }
        let result = match self.held.take() {
            None => Ok(()),
            Some(held) => self.deliver_kept(&held.plain, held.end),
        };
        if let Err(error) = result {
            self.report("Fatal error: protocol.data_received() call failed.", error.clone());
            self.set_error(error);
            return self.abort_below();
        }
        if self.state.get().is_open() && !self.state.get().is_paused() {
            if let Some(below) = self.below() {
                below.resume_reading();
            }
        }
    }

    fn deliver_kept(&self, plain: &[u8], end: Option<End>) -> Result<()> {
        if !plain.is_empty() {
            self.call(|above, transport| above.data_received(transport, plain))?;
        }
        end.map_or(Ok(()), |end| self.ended(end))
    }
}
