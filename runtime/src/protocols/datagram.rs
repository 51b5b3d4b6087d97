//! `DatagramProtocol`: the callbacks of a datagram endpoint.

use std::net::SocketAddr;
use std::rc::Rc;

use super::bound::Kind;
use super::{Bound, ProtocolHandle};
use crate::exceptions::{Error, Result};
use crate::transports::{DatagramEndpoint, DatagramTransport};

/// The callbacks of a datagram endpoint. Python: `asyncio.DatagramProtocol`.
///
/// Implemented by [`#[asyncio::protocol]`](macro@crate::protocol) on an `impl` block that has `datagram_received` or
/// `error_received`, by which it is known, and some of the others, each with the arguments that it needs; those that
/// are missing do nothing. `connection_made` comes first and once, `connection_lost` last and once.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
///
/// use asyncio::DatagramTransport;
///
/// struct Echo;
///
/// #[asyncio::protocol]
/// impl Echo {
///     fn datagram_received(&mut self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> asyncio::Result<()> {
///         transport.sendto(data, addr)
///     }
///
///     fn error_received(&mut self, exc: &asyncio::Error) {
///         eprintln!("a datagram failed: {exc}");
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a datagram protocol",
    label = "put `#[asyncio::protocol]` on an `impl {Self}` block with `datagram_received`"
)]
pub trait DatagramProtocol: 'static {
    /// The endpoint is there. Python: `BaseProtocol.connection_made()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported; the endpoint stays.
    fn connection_made(&mut self, transport: &DatagramTransport) -> Result<()> {
        let _ = transport;
        Ok(())
    }

    /// One datagram came in, which may be empty. Python: `DatagramProtocol.datagram_received()`.
    ///
    /// `addr` is its sender; `0.0.0.0:0` on a socket of another family than the Internet's.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported; the endpoint stays.
    fn datagram_received(&mut self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> Result<()> {
        let _ = (transport, data, addr);
        Ok(())
    }

    /// Sending or receiving a datagram failed. Python: `DatagramProtocol.error_received()`.
    ///
    /// Called from inside the `sendto` that failed, or for datagrams that left together with others, when they leave. Is
    /// the protocol running itself at that moment, it is called right after the running callback; of more than 64 failures in one callback the others are only counted, in a warning.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported; the endpoint stays.
    fn error_received(&mut self, transport: &DatagramTransport, exc: &Error) -> Result<()> {
        let _ = (transport, exc);
        Ok(())
    }

    /// The endpoint was closed or aborted; `exc` is `None`. Python: `BaseProtocol.connection_lost()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported.
    fn connection_lost(&mut self, transport: &DatagramTransport, exc: Option<&Error>) -> Result<()> {
        let _ = (transport, exc);
        Ok(())
    }

    /// More waits to be sent than the high limit: stop sending. Python: `BaseProtocol.pause_writing()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported; the endpoint stays.
    fn pause_writing(&mut self, transport: &DatagramTransport) -> Result<()> {
        let _ = transport;
        Ok(())
    }

    /// There is room again: go on sending. Python: `BaseProtocol.resume_writing()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported; the endpoint stays.
    fn resume_writing(&mut self, transport: &DatagramTransport) -> Result<()> {
        let _ = transport;
        Ok(())
    }
}

/// The kind of datagram protocols, which keeps nothing.
pub(crate) struct Datagrams;

impl Kind for Datagrams {}

/// The protocol as the endpoint of a transport.
pub(crate) fn bind<P: DatagramProtocol>(protocol: P) -> Rc<Bound<P, Datagrams>> {
    Bound::new(protocol, Datagrams)
}

impl<P: DatagramProtocol> DatagramEndpoint for Bound<P, Datagrams> {
    fn connection_made(&self, transport: &DatagramTransport) -> Result<()> {
        self.call(|protocol| protocol.connection_made(transport))
    }

    #[inline]
    fn datagram_received(&self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> Result<()> {
        self.call(|protocol| protocol.datagram_received(transport, data, addr))
    }

    fn error_received(&self, transport: &DatagramTransport, exc: &Error) -> Result<()> {
        self.call(|protocol| protocol.error_received(transport, exc))
    }

    fn connection_lost(&self, transport: &DatagramTransport, exc: Option<&Error>) -> Result<()> {
        self.call(|protocol| protocol.connection_lost(transport, exc))
    }

    fn pause_writing(&self, transport: &DatagramTransport) -> Result<()> {
        self.call(|protocol| protocol.pause_writing(transport))
    }

    fn resume_writing(&self, transport: &DatagramTransport) -> Result<()> {
        self.call(|protocol| protocol.resume_writing(transport))
    }
}

impl DatagramTransport {
    /// Hands the endpoint to another protocol, whose callbacks are called from now on. Python:
    /// `BaseTransport.set_protocol()`.
    ///
    /// It may be called from inside a callback of the present protocol, which still runs to its end.
    /// `connection_made` is not called again.
    pub fn set_protocol<P: DatagramProtocol>(&self, protocol: P) {
        self.set_endpoint(bind(protocol));
    }

    /// The protocol, if it is a `P`. `None` too once the endpoint is closed. Python: `BaseTransport.get_protocol()`.
    pub fn get_protocol<P: 'static>(&self) -> Option<ProtocolHandle<P>> {
        ProtocolHandle::of(self.endpoint()?)
    }
}
