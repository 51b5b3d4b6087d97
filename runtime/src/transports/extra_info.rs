//! What is known of a transport beside its bytes, under Python's names.

use std::net::SocketAddr;

use super::{TransportPipe, TransportSocket};
#[cfg(feature = "tls")]
use crate::ssl::{Cipher, SslContext, SslObject};
use crate::sys::{Address, UnixAddress};

/// Something that [`get_extra_info`](crate::Transport::get_extra_info) knows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ExtraInfo {
    /// `peername` and `sockname`, of a socket of the Internet's.
    Address(SocketAddr),
    /// `peername` and `sockname`, of a unix socket.
    UnixAddress(UnixAddress),
    /// `socket`.
    Socket(TransportSocket),
    /// `pipe`.
    Pipe(TransportPipe),
    /// `sslcontext`, of a TLS connection.
    #[cfg(feature = "tls")]
    SslContext(SslContext),
    /// `ssl_object`, of a TLS connection: all that the handshake has agreed on.
    #[cfg(feature = "tls")]
    SslObject(SslObject),
    /// `peercert`: the peer's certificates in DER, its own first.
    #[cfg(feature = "tls")]
    PeerCert(Vec<Vec<u8>>),
    /// `cipher`, of a TLS connection.
    #[cfg(feature = "tls")]
    Cipher(Cipher),
    /// `alpn`: the application protocol that both sides of a TLS connection speak.
    #[cfg(feature = "tls")]
    Alpn(Vec<u8>),
}

impl From<SocketAddr> for ExtraInfo {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl From<Address> for ExtraInfo {
    fn from(address: Address) -> Self {
        match address {
            Address::Internet(address) => Self::Address(address),
            Address::Unix(address) => Self::UnixAddress(*address),
        }
    }
}

impl ExtraInfo {
    /// The one with this name.
    pub(super) fn named<A: Into<Self>, S: Into<Option<TransportSocket>>>(
        name: &str,
        peername: impl FnOnce() -> Option<A>,
        sockname: impl FnOnce() -> Option<A>,
        socket: impl FnOnce() -> S,
    ) -> Option<Self> {
        match name {
            "peername" => peername().map(Into::into),
            "sockname" => sockname().map(Into::into),
            "socket" => socket().into().map(Self::Socket),
            _ => None,
        }
    }
}
