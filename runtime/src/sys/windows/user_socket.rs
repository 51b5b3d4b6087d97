//! Sockets that belong to the program: one attempt at each operation.
//!
//! Windows has no flag that says so with each call, so a socket becomes non-blocking with its first operation.

use std::io;
use std::mem::MaybeUninit;
use std::slice;

pub use socket2::{SockAddr, Socket as UserSocket};
use windows_sys::Win32::Networking::WinSock::getpeername;

use super::os_socket::{accept as accept_once, is_in_progress};
pub(crate) use super::socket::family;
use super::socket::uninterrupted;
use super::{blocked, raw};

/// One attempt. What finds the socket blocked hears of it when that changes.
fn attempt<T>(socket: &UserSocket, mut f: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    socket.set_nonblocking(true)?;
    let result = uninterrupted(&mut f);
    // Nobody knows whether more is there, so it is looked at again.
    blocked(raw(socket));
    result
}

pub(crate) fn receive(socket: &UserSocket, buffer: &mut [u8]) -> io::Result<usize> {
    let buffer = uninitialised(buffer);
    attempt(socket, || socket.recv(buffer))
}

pub(crate) fn receive_from(socket: &UserSocket, buffer: &mut [u8]) -> io::Result<(usize, SockAddr)> {
    let buffer = uninitialised(buffer);
    attempt(socket, || socket.recv_from(buffer))
}

/// As [`receive`], into memory of its own.
pub(crate) fn receive_some(socket: &UserSocket, size: usize) -> io::Result<Vec<u8>> {
    let mut data = vec![0; size];
    let length = receive(socket, &mut data)?;
    data.truncate(length);
    Ok(data)
}

/// As [`receive_from`], into memory of its own.
pub(crate) fn receive_some_from(socket: &UserSocket, size: usize) -> io::Result<(Vec<u8>, SockAddr)> {
    let mut data = vec![0; size];
    let (length, from) = receive_from(socket, &mut data)?;
    data.truncate(length);
    Ok((data, from))
}

/// The same bytes, for a system call that only ever writes to them.
fn uninitialised(buffer: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the memory and its length are those of `buffer`, which stays borrowed; `MaybeUninit` has the layout of
    // what it holds. The callers hand it to the system, which writes bytes and takes none away.
    unsafe { slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), buffer.len()) }
}

/// Whether its operations never block. The system does not tell, and an operation sees to it.
pub(crate) fn is_nonblocking(_socket: &UserSocket) -> io::Result<bool> {
    Ok(true)
}

/// Whether it is a stream socket.
pub(crate) fn is_stream(socket: &UserSocket) -> io::Result<bool> {
    Ok(socket.r#type()? == socket2::Type::STREAM)
}

pub(crate) fn send(socket: &UserSocket, data: &[u8]) -> io::Result<usize> {
    attempt(socket, || socket.send(data))
}

pub(crate) fn send_to(socket: &UserSocket, data: &[u8], address: &SockAddr) -> io::Result<usize> {
    attempt(socket, || socket.send_to(data, address))
}

/// Begins to connect, or finds that this was begun. False: the socket becomes writable when it has ended.
pub(crate) fn connect(socket: &UserSocket, address: &SockAddr) -> io::Result<bool> {
    match attempt(socket, || socket.connect(address)) {
        Ok(()) => Ok(true),
        Err(error) if is_in_progress(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The next connection of a listening socket: non-blocking, and none that a child gets.
pub(crate) fn accept(socket: &UserSocket) -> io::Result<(UserSocket, SockAddr)> {
    attempt(socket, || accept_once(socket))
}

/// The Internet address that a socket is connected to, if it is one that is.
pub(crate) fn peer_of(socket: usize) -> Option<std::net::SocketAddr> {
    let ask = |storage: *mut socket2::SockAddrStorage, len: *mut i32| {
        // SAFETY: both point to what they say. A number that is no socket gives an error.
        match unsafe { getpeername(socket, storage.cast(), len) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: the call has written an address of the length that it says.
    let (_, address) = unsafe { SockAddr::try_init(ask) }.ok()?;
    address.as_socket()
}
