//! Sockets: every network system call there is, as safe calls on one owned descriptor.
//!
//! A [`Socket`] can be closed while others still refer to it; from then on its calls fail with `NotConnected`, so that
//! a number that the system has given to somebody else is never touched. In what the systems differ stands in `os_socket`.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice, Read};
use std::mem::ManuallyDrop;
use std::net::{Shutdown, SocketAddr};

use socket2::{Domain, Protocol, SockAddr, Type};

use super::os_socket::{
    self, CLOSED, SEND_FLAGS, accept, is_connected, is_in_progress, is_no_socket, is_under_way, stream_socket,
};
use super::{Address, OwnedFd, RawFd};

/// How many pieces one vectored send takes.
pub(crate) const SEND_PIECES: usize = 64;

/// An owned socket: non-blocking, close-on-exec, closed when it is dropped or told so.
pub(crate) struct Socket {
    fd: Cell<RawFd>,
    /// Of TCP itself, and not of another protocol with streams.
    tcp: bool,
    /// No other descriptor can lead to it: it was made here, and its number was never told.
    alone: Cell<bool>,
}

impl Socket {
    /// A TCP socket of the family of `address`.
    pub(crate) fn tcp(address: &SocketAddr) -> io::Result<Self> {
        Ok(Self::of(stream_socket(Domain::for_address(*address), Some(Protocol::TCP))?, true))
    }

    /// A stream socket of the family of `address` and of the protocol with this number of the system's.
    pub(crate) fn stream(address: &SocketAddr, protocol: i32) -> io::Result<Self> {
        let protocol = Protocol::from(protocol);
        let socket = stream_socket(Domain::for_address(*address), Some(protocol))?;
        Ok(Self::of(socket, protocol == Protocol::TCP))
    }

    fn of(socket: socket2::Socket, tcp: bool) -> Self {
        Self { fd: Cell::new(os_socket::into_number(socket)), tcp, alone: Cell::new(true) }
    }

    /// Takes over a descriptor that somebody else made; it must be a stream socket.
    pub(crate) fn adopt(fd: OwnedFd) -> io::Result<Self> {
        Self::adopt_of(fd, Type::STREAM, "a stream socket was expected")
    }

    /// Takes over a descriptor, or refuses it with `InvalidInput` and this text.
    pub(super) fn adopt_of(fd: OwnedFd, wanted: Type, otherwise: &'static str) -> io::Result<Self> {
        let socket = socket2::Socket::from(fd);
        match socket.r#type() {
            Ok(kind) if kind == wanted => {}
            Err(error) if !is_no_socket(&error) => return Err(error),
            Ok(_) | Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, otherwise)),
        }
        socket.set_nonblocking(true)?;
        os_socket::keep_from_children(&socket)?;
        let mut socket = Self::from(socket);
        socket.set_shown();
        socket.tcp = wanted == Type::STREAM && socket.protocol()? == Some(Protocol::TCP);
        Ok(socket)
    }

    /// Its protocol, where the system tells it.
    pub(super) fn protocol(&self) -> io::Result<Option<Protocol>> {
        os_socket::protocol(&*self.socket()?)
    }

    /// Whether it is of TCP, as far as is known. A stream of SCTP or of several paths behaves in other ways.
    pub(crate) fn is_tcp(&self) -> bool {
        self.tcp
    }

    /// Its number is told to the program, which may make other descriptors of it.
    pub(crate) fn set_shown(&self) {
        self.alone.set(false);
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.alone.get()
    }

    /// The descriptor, `None` once it is closed.
    pub(crate) fn fileno(&self) -> Option<RawFd> {
        let fd = self.fd.get();
        (fd != CLOSED).then_some(fd)
    }

    /// Closes it for good; nothing happens if it is closed.
    pub(crate) fn close(&self) {
        let fd = self.fd.replace(CLOSED);
        if fd != CLOSED {
            // SAFETY: this type owned the descriptor, and has just forgotten it.
            drop(unsafe { os_socket::of_number(fd) });
        }
    }

    #[inline]
    pub(super) fn socket(&self) -> io::Result<ManuallyDrop<socket2::Socket>> {
        let fd = self.fd.get();
        if fd == CLOSED {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the socket is closed"));
        }
        // SAFETY: the descriptor is open: only `close` closes it, and that sets the number to `CLOSED`. This type
        // stays on one thread, no caller below runs foreign code while it holds the value, and none lets it drop.
        Ok(ManuallyDrop::new(unsafe { os_socket::of_number(fd) }))
    }

    pub(crate) fn bind(&self, address: &SocketAddr) -> io::Result<()> {
        self.socket()?.bind(&SockAddr::from(*address))
    }

    pub(crate) fn listen(&self, backlog: i32) -> io::Result<()> {
        self.socket()?.listen(backlog)
    }

    /// Begins to connect. False: it goes on, and the socket becomes writable when that has ended.
    pub(crate) fn connect(&self, address: &SocketAddr) -> io::Result<bool> {
        match self.socket()?.connect(&SockAddr::from(*address)) {
            Ok(()) => Ok(true),
            Err(error) if is_in_progress(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// As [`connect`](Self::connect), which has begun: whether that has ended well by now.
    pub(crate) fn has_connected(&self, address: &SocketAddr) -> io::Result<bool> {
        match self.socket()?.connect(&SockAddr::from(*address)) {
            Err(error) if is_connected(&error) => Ok(true),
            Err(error) if is_under_way(&error) => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// The next connection of a listening socket, and where it comes from.
    pub(crate) fn accept(&self) -> io::Result<(Self, Option<Address>)> {
        let listener = self.socket()?;
        let (socket, address) = self.noticed(uninterrupted(|| accept(&listener)))?;
        Ok((Self::of(socket, self.tcp), Address::of(&address)))
    }

    /// Reads into `buffer`; zero is the end of the stream.
    #[inline]
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let socket = self.socket()?;
        let room = buffer.len();
        self.used(|| room, uninterrupted(|| (&*socket).read(buffer)))
    }

    /// Hands bytes to the system; how many it took.
    #[inline]
    pub(crate) fn send(&self, data: &[u8]) -> io::Result<usize> {
        let socket = self.socket()?;
        self.used(|| data.len(), uninterrupted(|| socket.send_with_flags(data, SEND_FLAGS)))
    }

    /// As [`send`](Self::send), from several pieces, of which the first [`SEND_PIECES`] are looked at.
    pub(crate) fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let pieces = pieces.get(..SEND_PIECES).unwrap_or(pieces);
        let socket = self.socket()?;
        let most = || pieces.iter().map(|piece| piece.len()).sum();
        self.used(most, uninterrupted(|| socket.send_vectored_with_flags(pieces, SEND_FLAGS)))
    }

    /// Passes a result on. Where the poller has to hear of a socket that is blocked, this tells it.
    #[inline]
    pub(super) fn noticed<T>(&self, result: io::Result<T>) -> io::Result<T> {
        os_socket::noticed(self.fd.get(), result)
    }

    /// As [`noticed`](Self::noticed), of a call that might have moved `most` bytes.
    #[inline]
    fn used(&self, most: impl FnOnce() -> usize, result: io::Result<usize>) -> io::Result<usize> {
        os_socket::used(self.fd.get(), most, result)
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket()?.shutdown(how)
    }

    /// The error that the system has kept for this socket, and takes from it.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket()?.take_error()
    }

    /// Its own address; `None` if it is none of the Internet's.
    pub(crate) fn local_addr(&self) -> io::Result<Option<SocketAddr>> {
        Ok(self.socket()?.local_addr()?.as_socket())
    }

    /// Its own address, of whatever family; `None` if it is of none that is known here.
    pub(crate) fn local_address(&self) -> io::Result<Option<Address>> {
        Ok(Address::of(&self.socket()?.local_addr()?))
    }

    /// The peer's address, of whatever family; `None` if it is of none that is known here.
    pub(crate) fn peer_address(&self) -> io::Result<Option<Address>> {
        Ok(Address::of(&self.socket()?.peer_addr()?))
    }

    pub(crate) fn set_nodelay(&self, enabled: bool) -> io::Result<()> {
        self.socket()?.set_tcp_nodelay(enabled)
    }

    pub(crate) fn set_keepalive(&self, enabled: bool) -> io::Result<()> {
        self.socket()?.set_keepalive(enabled)
    }

    pub(crate) fn set_reuse_address(&self, enabled: bool) -> io::Result<()> {
        os_socket::set_reuse_address(&*self.socket()?, enabled)
    }

    pub(crate) fn set_reuse_port(&self, enabled: bool) -> io::Result<()> {
        os_socket::set_reuse_port(&*self.socket()?, enabled)
    }

    pub(crate) fn set_only_v6(&self, enabled: bool) -> io::Result<()> {
        self.socket()?.set_only_v6(enabled)
    }

    /// The system's numbers for its family, type and protocol.
    pub(crate) fn kind(&self) -> io::Result<(i32, i32, i32)> {
        let socket = self.socket()?;
        let protocol = self.protocol()?.map_or(0, i32::from);
        Ok((family(&socket)?, socket.r#type()?.into(), protocol))
    }

    /// A second descriptor for the same socket.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFd> {
        Ok(self.socket()?.try_clone()?.into())
    }

    /// Whether a child process would keep it.
    pub(crate) fn is_inheritable(&self) -> io::Result<bool> {
        os_socket::is_inheritable(&*self.socket()?)
    }

    /// An option that is an integer.
    pub(crate) fn option(&self, level: i32, name: i32) -> io::Result<i32> {
        os_socket::option(&*self.socket()?, level, name)
    }

    /// Sets an option that is an integer.
    pub(crate) fn set_option(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        os_socket::set_option(&*self.socket()?, level, name, value)
    }
}

impl From<socket2::Socket> for Socket {
    fn from(socket: socket2::Socket) -> Self {
        Self::of(socket, false)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("fd", &self.fd.get()).finish()
    }
}

/// The system's number for a socket's family. Not every system can be asked for that, but each has it in the address.
pub(crate) fn family(socket: &socket2::Socket) -> io::Result<i32> {
    socket.local_addr().map(|address| address.family().into())
}

/// Calls `f` again as long as a signal ends it: nobody would report that it can go on.
#[inline]
pub(super) fn uninterrupted<T>(mut f: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match f() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_alone_until_its_number_is_told_and_never_if_somebody_else_made_it() {
        let socket = Socket::tcp(&"127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(socket.is_alone());
        socket.set_shown();
        assert!(!socket.is_alone());
        let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(!Socket::adopt(near.into()).unwrap().is_alone());
    }
}
