//! Sockets: every network system call there is, as safe calls on one owned descriptor.
//!
//! A [`Socket`] can be closed while others still refer to it; from then on its calls fail with `NotConnected`, so that
//! a number that the system has given to somebody else is never touched.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice, Read};
use std::mem::ManuallyDrop;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use socket2::{Domain, Protocol, SockAddr, Type};

use super::Address;

/// What stands for no descriptor.
pub(crate) const CLOSED: RawFd = -1;

/// A peer that is gone is an error to be returned, not a signal that ends the process.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
pub(super) const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL;
/// These systems have an option of the socket for it, which is set when it is made.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
pub(super) const SEND_FLAGS: libc::c_int = 0;

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
        Self { fd: Cell::new(socket.into_raw_fd()), tcp, alone: Cell::new(true) }
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
            Err(error) if error.raw_os_error() != Some(libc::ENOTSOCK) => return Err(error),
            Ok(_) | Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, otherwise)),
        }
        socket.set_nonblocking(true)?;
        socket.set_cloexec(true)?;
        let mut socket = Self::from(socket);
        socket.set_shown();
        socket.tcp = wanted == Type::STREAM && socket.protocol()? == Some(Protocol::TCP);
        Ok(socket)
    }

    /// Its protocol, where the system tells it.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    pub(super) fn protocol(&self) -> io::Result<Option<Protocol>> {
        self.socket()?.protocol()
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    pub(super) fn protocol(&self) -> io::Result<Option<Protocol>> {
        Ok(None)
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
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
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
        Ok(ManuallyDrop::new(unsafe { socket2::Socket::from_raw_fd(fd) }))
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
            Err(error) if error.raw_os_error() == Some(libc::EISCONN) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::EALREADY) => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// The next connection of a listening socket, and where it comes from.
    pub(crate) fn accept(&self) -> io::Result<(Self, Option<Address>)> {
        let listener = self.socket()?;
        let (socket, address) = uninterrupted(|| accept(&listener))?;
        Ok((Self::of(socket, self.tcp), Address::of(&address)))
    }

    /// Reads into `buffer`; zero is the end of the stream.
    #[inline]
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let socket = self.socket()?;
        uninterrupted(|| (&*socket).read(buffer))
    }

    /// Hands bytes to the system; how many it took.
    #[inline]
    pub(crate) fn send(&self, data: &[u8]) -> io::Result<usize> {
        let socket = self.socket()?;
        uninterrupted(|| socket.send_with_flags(data, SEND_FLAGS))
    }

    /// As [`send`](Self::send), from several pieces, of which the first [`SEND_PIECES`] are looked at.
    pub(crate) fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let pieces = pieces.get(..SEND_PIECES).unwrap_or(pieces);
        let socket = self.socket()?;
        uninterrupted(|| socket.send_vectored_with_flags(pieces, SEND_FLAGS))
    }

    /// Passes a result on. Where the poller has to hear of a socket that is blocked, this tells it.
    #[inline]
    pub(super) fn noticed<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result
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
        self.socket()?.set_reuse_address(enabled)
    }

    pub(crate) fn set_reuse_port(&self, enabled: bool) -> io::Result<()> {
        self.socket()?.set_reuse_port(enabled)
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
        let socket = self.socket()?;
        // SAFETY: asks for the flags of a descriptor that is open; no memory is involved.
        let flags = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFD) };
        if flags < 0 { Err(io::Error::last_os_error()) } else { Ok(flags & libc::FD_CLOEXEC == 0) }
    }

    /// An option that is an integer.
    pub(crate) fn option(&self, level: i32, name: i32) -> io::Result<i32> {
        let socket = self.socket()?;
        let mut value: libc::c_int = 0;
        let mut length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: `value` and `length` live through the call, and `length` is the size of `value`.
        let result =
            unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut length) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
    }

    /// Sets an option that is an integer.
    pub(crate) fn set_option(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        let socket = self.socket()?;
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: `value` lives through the call, and `length` is its size.
        let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
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

/// Whether an error of `connect` says that it goes on by itself.
pub(super) fn is_in_progress(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR))
}

/// Whether the system ran out of descriptors or memory, which passes.
pub(crate) fn is_out_of_resources(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

/// Whether an error of `accept` belongs to the one connection that it would have returned.
pub(crate) fn is_lost_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::EPROTO
                | libc::EPERM
                | libc::ENETDOWN
                | libc::ENOPROTOOPT
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
        )
    )
}

/// A socket that does not block. Where the system makes it so from the start, two calls are saved.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
pub(super) fn stream_socket(domain: Domain, protocol: Option<Protocol>) -> io::Result<socket2::Socket> {
    socket2::Socket::new(domain, Type::STREAM.nonblocking(), protocol)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
pub(super) fn stream_socket(domain: Domain, protocol: Option<Protocol>) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(domain, Type::STREAM, protocol)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
pub(super) fn accept(listener: &socket2::Socket) -> io::Result<(socket2::Socket, SockAddr)> {
    listener.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
pub(super) fn accept(listener: &socket2::Socket) -> io::Result<(socket2::Socket, SockAddr)> {
    let (socket, address) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_meets_is_a_lack_of_resources_or_the_end_of_one_connection_or_neither() {
        for (code, of_resources, of_connection) in [
            (libc::EMFILE, true, false),
            (libc::ENFILE, true, false),
            (libc::ENOBUFS, true, false),
            (libc::ENOMEM, true, false),
            (libc::ECONNABORTED, false, true),
            (libc::EPROTO, false, true),
            (libc::EINVAL, false, false),
        ] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(
                (is_out_of_resources(&error), is_lost_connection(&error)),
                (of_resources, of_connection),
                "{error}"
            );
        }
    }

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
