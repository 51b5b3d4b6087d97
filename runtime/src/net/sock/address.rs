//! Where `sock_connect` goes: an address of any family, or a host and port.

use std::net::{IpAddr, SocketAddr};

use crate::sys::{Address, SockAddr};

/// An address, or a host and a port; see [`sock_connect`](crate::EventLoop::sock_connect).
///
/// ```
/// use asyncio::ConnectAddress;
///
/// # fn main() -> std::io::Result<()> {
/// let address: ConnectAddress = "127.0.0.1:80".parse::<std::net::SocketAddr>().expect("it is one").into();
/// let name: ConnectAddress = ("localhost", 80).into();
/// let path: ConnectAddress = asyncio::SockAddr::unix("/run/app.sock")?.into();
/// # let _ = (address, name, path);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ConnectAddress(pub(super) Place);

#[derive(Clone, Debug)]
pub(super) enum Place {
    At(SockAddr),
    Host(String, u16),
}

impl From<SockAddr> for ConnectAddress {
    fn from(address: SockAddr) -> Self {
        Self(Place::At(address))
    }
}

impl From<SocketAddr> for ConnectAddress {
    fn from(address: SocketAddr) -> Self {
        Self(Place::At(address.into()))
    }
}

impl From<(IpAddr, u16)> for ConnectAddress {
    fn from(address: (IpAddr, u16)) -> Self {
        SocketAddr::from(address).into()
    }
}

impl From<(&str, u16)> for ConnectAddress {
    fn from((host, port): (&str, u16)) -> Self {
        Self(Place::Host(host.to_owned(), port))
    }
}

impl From<(String, u16)> for ConnectAddress {
    fn from((host, port): (String, u16)) -> Self {
        Self(Place::Host(host, port))
    }
}

/// An address as errors show it.
pub(super) fn text(address: &SockAddr) -> String {
    Address::of(address).map_or_else(|| "a socket without a name".to_owned(), |address| address.to_string())
}
