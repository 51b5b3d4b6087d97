//! What a transport knows of the protocol above it: one virtual call an event.

use std::any::Any;
use std::net::SocketAddr;
use std::rc::Rc;

use super::order::Order;
use super::{DatagramTransport, Transport};
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::sys::{Lease, UnixAddress};

pub(crate) const DATA_RECEIVED_FAILED: &str = "Fatal error: protocol.data_received() call failed.";

/// A protocol of whatever kind whose type was forgotten.
pub(crate) trait AnyProtocol {
    /// Somebody else uses the protocol at the moment, so that it cannot be called.
    fn is_busy(&self) -> bool;

    /// Adds the protocol to a report, key `protocol`.
    fn report(self: Rc<Self>, context: ExceptionContext) -> ExceptionContext;

    /// Puts a handle of the protocol into the slot, if that is for one of its type; or whatever else it has for such a
    /// slot.
    fn hand_out(self: Rc<Self>, slot: &mut dyn Any);

    /// What was told so far, if somebody takes note of that.
    fn order(&self) -> Option<Order> {
        None
    }
}

/// The protocol of a stream. A panic in a callback comes back as an error, like a returned one.
pub(crate) trait Endpoint: AnyProtocol {
    fn connection_made(&self, transport: &Transport) -> Result<()>;
    /// Says how much of the data was taken. It is less than all only if a callback has paused reading, closed the
    /// connection or handed it on; the rest then comes first when reading goes on, to whoever is the endpoint.
    fn data_received(&self, transport: &Transport, data: &[u8]) -> Result<usize>;
    /// As that, with the first `length` bytes of the loop's buffer, which may be [kept](Lease::keep).
    #[inline]
    fn lease_received(&self, transport: &Transport, lease: &mut Lease<'_>, length: usize) -> Result<usize> {
        self.data_received(transport, lease.get(..length).unwrap_or_default())
    }
    /// Whether data goes to memory of the protocol's own, by [`lend`](Self::lend) and
    /// [`buffer_updated`](Self::buffer_updated) instead of [`data_received`](Self::data_received).
    fn is_buffered(&self) -> bool {
        false
    }
    /// Calls `fill` with the memory to receive into, which is not empty. `size` bytes wait, if that is known.
    fn lend(&self, _transport: &Transport, _size: Option<usize>, _fill: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        Ok(())
    }
    /// So much was put into the memory that was lent.
    fn buffer_updated(&self, _transport: &Transport, _nbytes: usize) -> Result<()> {
        Ok(())
    }
    /// The stream has ended, and what was kept for want of more is worth something now or never. `eof_received` follows
    /// at once, or when reading goes on; then this is called again.
    fn last_words(&self, _transport: &Transport) -> Result<()> {
        Ok(())
    }
    /// What is reported if the protocol fails at what came in.
    fn reception_failed(&self) -> &'static str {
        DATA_RECEIVED_FAILED
    }
    /// Another endpoint takes its place: gives back what was received and not told yet.
    fn replaced(&self) -> Vec<u8> {
        Vec::new()
    }
    /// True: stay open for writing.
    fn eof_received(&self, transport: &Transport) -> Result<bool>;
    fn connection_lost(&self, transport: &Transport, exc: Option<&Error>) -> Result<()>;
    /// The connection is lost. True if this is a layer below a protocol that is busy: then `connection_lost` waits until
    /// the transport is held no more, as this has it that be.
    fn defers_loss(&self, _exc: Option<&Error>) -> bool {
        false
    }
    fn pause_writing(&self, transport: &Transport) -> Result<()>;
    fn resume_writing(&self, transport: &Transport) -> Result<()>;
    /// The transport of the protocol, if this is a layer between.
    fn outer(&self) -> Option<Transport> {
        None
    }
    /// Whether it has received something that the program has not got yet.
    #[cfg(feature = "tls")]
    fn has_unread(&self) -> bool {
        false
    }
}

/// The protocol of a datagram endpoint. A panic in a callback comes back as an error, like a returned one.
pub(crate) trait DatagramEndpoint: AnyProtocol {
    fn connection_made(&self, transport: &DatagramTransport) -> Result<()>;
    fn datagram_received(&self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> Result<()>;
    fn unix_datagram_received(&self, transport: &DatagramTransport, data: &[u8], addr: &UnixAddress) -> Result<()>;
    fn error_received(&self, transport: &DatagramTransport, exc: &Error) -> Result<()>;
    fn connection_lost(&self, transport: &DatagramTransport, exc: Option<&Error>) -> Result<()>;
    fn pause_writing(&self, transport: &DatagramTransport) -> Result<()>;
    fn resume_writing(&self, transport: &DatagramTransport) -> Result<()>;
}
