//! In what Windows's sockets differ from others. Type-checked, and never run so far.
//!
//! A call that finds the socket blocked, or takes less than there was room for, tells the poller, which would not report
//! the socket again otherwise.

use std::io;
use std::os::windows::io::{AsRawSocket, FromRawSocket, IntoRawSocket};
use std::sync::Once;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use windows_sys::Win32::Foundation::{GetHandleInformation, HANDLE_FLAG_INHERIT};
use windows_sys::Win32::Networking::WinSock::{
    WSAEALREADY, WSAECONNABORTED, WSAECONNRESET, WSAEISCONN, WSAEMFILE, WSAENOBUFS, WSAENOTSOCK, WSAEWOULDBLOCK,
    getsockopt, setsockopt,
};

use super::not_here::not_here;
use super::{RawFd, blocked};

/// What stands for no socket.
pub(crate) const CLOSED: RawFd = RawFd::MAX;

/// No signals.
pub(super) const SEND_FLAGS: i32 = 0;

/// Its number, which somebody else owns from now on.
pub(super) fn into_number(socket: Socket) -> RawFd {
    socket.into_raw_socket()
}

/// The socket of this number.
///
/// # Safety
///
/// It is open, and whoever gets it owns it, or never drops it.
pub(super) unsafe fn of_number(fd: RawFd) -> Socket {
    // SAFETY: the caller's promise.
    unsafe { Socket::from_raw_socket(fd) }
}

/// Passes a result on, and sees to it that a blocked socket is reported again.
pub(super) fn noticed<T>(fd: RawFd, result: io::Result<T>) -> io::Result<T> {
    if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
        blocked(fd);
    }
    result
}

/// As [`noticed`], of a call that might have moved `most` bytes: fewer leave the socket blocked, too.
pub(super) fn used(fd: RawFd, most: impl FnOnce() -> usize, result: io::Result<usize>) -> io::Result<usize> {
    if matches!(result, Ok(length) if length < most()) {
        blocked(fd);
    }
    noticed(fd, result)
}

/// No child process inherits it.
pub(super) fn keep_from_children(socket: &Socket) -> io::Result<()> {
    socket.set_no_inherit(true)
}

/// Whether a child process would inherit it.
pub(super) fn is_inheritable(socket: &Socket) -> io::Result<bool> {
    let handle = std::ptr::without_provenance_mut(number(socket));
    let mut flags = 0;
    // SAFETY: the socket is open, and `flags` lives through the call.
    let done = unsafe { GetHandleInformation(handle, &raw mut flags) };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(flags & HANDLE_FLAG_INHERIT != 0) }
}

/// Its protocol, which the system does not tell.
pub(super) fn protocol(_: &Socket) -> io::Result<Option<Protocol>> {
    Ok(None)
}

/// Nothing: here the option would let several servers have one port, and none is needed against old connections.
pub(super) fn set_reuse_address(_: &Socket, _enabled: bool) -> io::Result<()> {
    Ok(())
}

pub(super) fn set_reuse_port(_: &Socket, enabled: bool) -> io::Result<()> {
    if enabled { Err(not_here("reuse_port")) } else { Ok(()) }
}

/// An option that is an integer.
pub(super) fn option(socket: &Socket, level: i32, name: i32) -> io::Result<i32> {
    let (mut value, mut length) = (0_i32, size_of::<i32>() as i32);
    // SAFETY: `value` and `length` live through the call, and `length` is the size of `value`.
    let result = unsafe { getsockopt(number(socket), level, name, (&raw mut value).cast(), &raw mut length) };
    if result != 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// Sets an option that is an integer.
pub(super) fn set_option(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: `value` lives through the call, and the length is its size.
    let result = unsafe { setsockopt(number(socket), level, name, (&raw const value).cast(), size_of::<i32>() as i32) };
    if result != 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn number(socket: &Socket) -> usize {
    usize::try_from(socket.as_raw_socket()).expect("an address")
}

/// Whether an error says that the descriptor is something else.
pub(super) fn is_no_socket(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WSAENOTSOCK)
}

/// Whether an error of a second `connect` says that the first one has ended well.
pub(super) fn is_connected(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WSAEISCONN)
}

/// Whether an error of a second `connect` says that the first one has not ended.
pub(super) fn is_under_way(error: &io::Error) -> bool {
    is_in_progress(error)
}

/// Whether an error of `connect` says that it goes on by itself.
pub(super) fn is_in_progress(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(WSAEWOULDBLOCK | WSAEALREADY))
}

/// Whether the system ran out of sockets or memory, which passes.
pub(crate) fn is_out_of_resources(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(WSAEMFILE | WSAENOBUFS))
}

/// Whether an error of `accept` belongs to the one connection that it would have returned.
pub(crate) fn is_lost_connection(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(WSAECONNRESET | WSAECONNABORTED))
}

/// A socket that does not block.
pub(super) fn stream_socket(domain: Domain, protocol: Option<Protocol>) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, protocol)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

pub(super) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    let (socket, address) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

/// The system wants to be told before its network is used; std and socket2 do that with their first socket.
pub(super) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // Whether it can be bound does not matter.
        drop(std::net::UdpSocket::bind("127.0.0.1:0"));
    });
}
