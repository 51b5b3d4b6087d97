//! In what Unix's sockets differ from others: their numbers, their options, and what their errors mean.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, RawFd};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// What stands for no descriptor.
pub(crate) const CLOSED: RawFd = -1;

/// A peer that is gone is an error to be returned, not a signal that ends the process.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
pub(super) const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL;
/// These systems have an option of the socket for it, which is set when it is made.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
pub(super) const SEND_FLAGS: libc::c_int = 0;

/// Its number, which somebody else owns from now on.
pub(super) fn into_number(socket: Socket) -> RawFd {
    socket.into_raw_fd()
}

/// The socket of this number.
///
/// # Safety
///
/// It is open, and whoever gets it owns it, or never drops it.
pub(super) unsafe fn of_number(fd: RawFd) -> Socket {
    // SAFETY: the caller's promise.
    unsafe { Socket::from_raw_fd(fd) }
}

/// Nothing: here the poller sees by itself that a socket is blocked.
#[inline]
pub(super) fn noticed<T>(_: RawFd, result: io::Result<T>) -> io::Result<T> {
    result
}

/// As [`noticed`], of a call that might have moved `most` bytes.
#[inline]
pub(super) fn used(_: RawFd, _most: impl FnOnce() -> usize, result: io::Result<usize>) -> io::Result<usize> {
    result
}

/// No child process inherits it.
pub(super) fn keep_from_children(socket: &Socket) -> io::Result<()> {
    socket.set_cloexec(true)
}

/// Whether a child process would inherit it.
pub(super) fn is_inheritable(socket: &Socket) -> io::Result<bool> {
    // SAFETY: asks for the flags of a descriptor that is open; no memory is involved.
    let flags = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFD) };
    if flags < 0 { Err(io::Error::last_os_error()) } else { Ok(flags & libc::FD_CLOEXEC == 0) }
}

/// Its protocol, where the system tells it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(super) fn protocol(socket: &Socket) -> io::Result<Option<Protocol>> {
    socket.protocol()
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(super) fn protocol(_: &Socket) -> io::Result<Option<Protocol>> {
    Ok(None)
}

pub(super) fn set_reuse_address(socket: &Socket, enabled: bool) -> io::Result<()> {
    socket.set_reuse_address(enabled)
}

pub(super) fn set_reuse_port(socket: &Socket, enabled: bool) -> io::Result<()> {
    socket.set_reuse_port(enabled)
}

/// An option that is an integer.
pub(super) fn option(socket: &Socket, level: i32, name: i32) -> io::Result<i32> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: `value` and `length` live through the call, and `length` is the size of `value`.
    let result = unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// Sets an option that is an integer.
pub(super) fn set_option(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<()> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: `value` lives through the call, and `length` is its size.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether an error says that the descriptor is something else.
pub(super) fn is_no_socket(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOTSOCK)
}

/// Whether an error of a second `connect` says that the first one has ended well.
pub(super) fn is_connected(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EISCONN)
}

/// Whether an error of a second `connect` says that the first one has not ended.
pub(super) fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EALREADY)
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
pub(super) fn stream_socket(domain: Domain, protocol: Option<Protocol>) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM.nonblocking(), protocol)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
pub(super) fn stream_socket(domain: Domain, protocol: Option<Protocol>) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, protocol)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"))]
pub(super) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    listener.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd")))]
pub(super) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
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
}
