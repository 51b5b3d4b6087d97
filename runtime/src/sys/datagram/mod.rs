//! Datagram sockets, and datagrams in batches.
//!
//! What each platform must supply beside the calls on one [`Socket`]:
//!
//! - [`Incoming`]: the memory that datagrams are lent from; `receive` takes as many as one look at the socket gives.
//! - `Socket::send_batch`: hands the first of several datagrams to the system, as many as it takes; an error is always
//!   one of the first datagram alone.
//! - `Socket::merge_incoming`: lets the system hand out datagrams of one sender together, where it can.
//!
//! `linux.rs` has calls for many datagrams at once, in the pieces that `runs.rs` makes of them; `each.rs` makes one call a datagram.

#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod each;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod runs;
#[cfg(test)]
mod tests;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use each::Incoming;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::Incoming;

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockAddr, Type};

use super::os_socket::SEND_FLAGS;
use super::socket::uninterrupted;
use super::{Address, OwnedFd, Socket};

/// Whether who sends a datagram pays for telling the poller. Measured on Linux only.
pub(crate) const WATCHING_COSTS_SENDERS: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Datagrams of one length to one place; their bytes lie one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// How long each of them is.
    pub(crate) length: usize,
    /// How many they are; at least one.
    pub(crate) count: usize,
    /// `None`: to the peer that the socket is connected to.
    pub(crate) to: Option<Address>,
}

/// What one look at a socket gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// How many datagrams, or groups of them that came together; at least one.
    pub(crate) count: usize,
    /// Whether more may be there: if not, the system will report what comes.
    pub(crate) more: bool,
}

/// A datagram, or several of one sender that came together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrived<'a> {
    pub(crate) data: &'a [u8],
    /// `None` if that is no address of the Internet's; `Incoming::unix_sender` knows it then.
    pub(crate) from: Option<SocketAddr>,
    /// How long each datagram is but the last, which may be shorter; `None`: there is only one.
    pub(crate) segment: Option<usize>,
    /// There was no room for all of it.
    pub(crate) cut: bool,
}

impl<'a> Arrived<'a> {
    /// The datagrams, each by itself.
    #[inline]
    pub(crate) fn datagrams(self) -> impl Iterator<Item = &'a [u8]> {
        let (first, rest) = match self.segment {
            Some(segment) if segment < self.data.len() => self.data.split_at(segment),
            _ => (self.data, [].as_slice()),
        };
        // An empty datagram is one too.
        std::iter::once(first).chain(rest.chunks(first.len().max(1)))
    }
}

impl Socket {
    /// A datagram socket of the family of `address`: of UDP, or of the protocol with this number of the system's.
    pub(crate) fn datagram(address: &SocketAddr, protocol: Option<i32>) -> io::Result<Self> {
        let protocol = protocol.map_or(Protocol::UDP, Protocol::from);
        let socket = socket2::Socket::new(Domain::for_address(*address), Type::DGRAM, Some(protocol))?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    }

    /// Takes over a descriptor that somebody else made; it must be a datagram socket.
    pub(crate) fn adopt_datagram(fd: OwnedFd) -> io::Result<Self> {
        Self::adopt_of(fd, Type::DGRAM, "a datagram socket was expected")
    }

    /// Hands one datagram to the system, whole or not at all; without an address to the peer it is connected to.
    #[inline]
    pub(crate) fn send_datagram(&self, data: &[u8], to: Option<&Address>) -> io::Result<()> {
        let socket = self.socket()?;
        match to {
            None => self.noticed(uninterrupted(|| socket.send_with_flags(data, SEND_FLAGS)))?,
            Some(to) => {
                let to = SockAddr::try_from(to)?;
                self.noticed(uninterrupted(|| socket.send_to_with_flags(data, &to, SEND_FLAGS)))?
            }
        };
        Ok(())
    }

    /// Whether it is of UDP.
    pub(crate) fn is_udp(&self) -> io::Result<bool> {
        Ok(self.local_addr()?.is_some() && self.protocol()?.is_none_or(|protocol| protocol == Protocol::UDP))
    }

    /// Whether it is connected, to whatever kind of address.
    pub(crate) fn is_connected(&self) -> io::Result<bool> {
        Ok(self.socket()?.peer_addr().is_ok())
    }

    pub(crate) fn set_broadcast(&self, enabled: bool) -> io::Result<()> {
        self.socket()?.set_broadcast(enabled)
    }
}
