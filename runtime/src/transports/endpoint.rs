//! What a transport knows of the protocol above it: one virtual call an event.

use std::any::Any;
use std::net::SocketAddr;
use std::rc::Rc;

use super::{DatagramTransport, Transport};
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};

/// A protocol of whatever kind whose type was forgotten.
pub(crate) trait AnyProtocol {
    /// Somebody else uses the protocol at the moment, so that it cannot be called.
    fn is_busy(&self) -> bool;

    /// Adds the protocol to a report, key `protocol`.
    fn report(self: Rc<Self>, context: ExceptionContext) -> ExceptionContext;

    /// Puts a handle of the protocol into the slot, if that is for one of its type.
    fn hand_out(self: Rc<Self>, slot: &mut dyn Any);
}

/// The protocol of a stream. A panic in a callback comes back as an error, like a returned one.
pub(crate) trait Endpoint: AnyProtocol {
    fn connection_made(&self, transport: &Transport) -> Result<()>;
    fn data_received(&self, transport: &Transport, data: &[u8]) -> Result<()>;
    /// As `data_received`, with memory that may be overwritten.
    #[inline]
    fn data_lent(&self, transport: &Transport, data: &mut [u8]) -> Result<()> {
        self.data_received(transport, data)
    }
    /// True: stay open for writing.
    fn eof_received(&self, transport: &Transport) -> Result<bool>;
    fn connection_lost(&self, transport: &Transport, exc: Option<&Error>) -> Result<()>;
    fn pause_writing(&self, transport: &Transport) -> Result<()>;
    fn resume_writing(&self, transport: &Transport) -> Result<()>;
    /// The transport of the protocol, if this is a layer between.
    fn outer(&self) -> Option<Transport> {
        None
    }
    /// How many bytes it has received and not handed on: they would be lost if it were replaced.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only an upgrade replaces it unasked"))]
    fn unread(&self) -> usize {
        0
    }
}

/// The protocol of a datagram endpoint. A panic in a callback comes back as an error, like a returned one.
pub(crate) trait DatagramEndpoint: AnyProtocol {
    fn connection_made(&self, transport: &DatagramTransport) -> Result<()>;
    fn datagram_received(&self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> Result<()>;
    fn error_received(&self, transport: &DatagramTransport, exc: &Error) -> Result<()>;
    fn connection_lost(&self, transport: &DatagramTransport, exc: Option<&Error>) -> Result<()>;
    fn pause_writing(&self, transport: &DatagramTransport) -> Result<()>;
    fn resume_writing(&self, transport: &DatagramTransport) -> Result<()>;
}
