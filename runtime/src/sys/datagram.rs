//! Datagram sockets: one system call a datagram.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use socket2::{Domain, Protocol, SockAddr, Type};

use super::Socket;
use super::socket::{SEND_FLAGS, uninterrupted};

impl Socket {
    /// A UDP socket of the family of `address`.
    pub(crate) fn udp(address: &SocketAddr) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(*address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    }

    /// Takes over a descriptor that somebody else made; it must be a datagram socket.
    pub(crate) fn adopt_datagram(fd: OwnedFd) -> io::Result<Self> {
        Self::adopt_of(fd, Type::DGRAM, "a datagram socket was expected")
    }

    /// The next datagram's length, and where it comes from if that is an address of the Internet's.
    ///
    /// What does not fit into `buffer` is lost; UDP has nothing longer than 64 KiB.
    #[inline]
    pub(crate) fn receive_datagram(&self, buffer: &mut [u8]) -> io::Result<(usize, Option<SocketAddr>)> {
        let socket = self.socket()?;
        let pointer = std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>];
        // SAFETY: it is the same memory for the same time, exclusively ours; the two types have the same layout, and
        // `recv_from` only writes bytes that are initialised.
        let memory = unsafe { &mut *pointer };
        let (length, from) = uninterrupted(|| socket.recv_from(memory))?;
        Ok((length, from.as_socket()))
    }

    /// Hands one datagram to the system, whole or not at all; without an address to the peer it is connected to.
    #[inline]
    pub(crate) fn send_datagram(&self, data: &[u8], to: Option<&SocketAddr>) -> io::Result<()> {
        let socket = self.socket()?;
        match to {
            None => uninterrupted(|| socket.send_with_flags(data, SEND_FLAGS))?,
            Some(to) => {
                let to = SockAddr::from(*to);
                uninterrupted(|| socket.send_to_with_flags(data, &to, SEND_FLAGS))?
            }
        };
        Ok(())
    }

    /// Whether it is connected, to whatever kind of address.
    pub(crate) fn is_connected(&self) -> io::Result<bool> {
        Ok(self.socket()?.peer_addr().is_ok())
    }

    pub(crate) fn set_broadcast(&self, enabled: bool) -> io::Result<()> {
        self.socket()?.set_broadcast(enabled)
    }
}
