//! Sockets that belong to the program: one attempt at each operation, which never blocks.
//!
//! They are socket2's own type, so that a program sets whatever option it likes. Sending and receiving say with each
//! call that it shall not block, whatever the socket's own mode is; for `accept` and `connect` there is no such flag.

use std::io;
use std::mem::MaybeUninit;
use std::slice;

pub use socket2::{SockAddr, Socket as UserSocket};

use super::os_socket::{SEND_FLAGS, accept as accept_once, is_in_progress};
pub(crate) use super::socket::family;
use super::socket::uninterrupted;

pub(crate) fn receive(socket: &UserSocket, buffer: &mut [u8]) -> io::Result<usize> {
    let buffer = uninitialised(buffer);
    uninterrupted(|| socket.recv_with_flags(buffer, libc::MSG_DONTWAIT))
}

pub(crate) fn receive_from(socket: &UserSocket, buffer: &mut [u8]) -> io::Result<(usize, SockAddr)> {
    let buffer = uninitialised(buffer);
    uninterrupted(|| socket.recv_from_with_flags(buffer, libc::MSG_DONTWAIT))
}

/// As [`receive`], into memory of its own.
pub(crate) fn receive_some(socket: &UserSocket, size: usize) -> io::Result<Vec<u8>> {
    let receive = |buffer: &mut [MaybeUninit<u8>]| Ok((socket.recv_with_flags(buffer, libc::MSG_DONTWAIT)?, ()));
    fill(size, receive).map(|(data, ())| data)
}

/// As [`receive_from`], into memory of its own.
pub(crate) fn receive_some_from(socket: &UserSocket, size: usize) -> io::Result<(Vec<u8>, SockAddr)> {
    fill(size, |buffer| socket.recv_from_with_flags(buffer, libc::MSG_DONTWAIT))
}

/// Less room than this stays with what was received, however little that is.
const SMALL: usize = 4096;

/// What `receive` writes into `size` bytes. If most of a large room is left it is given back: whoever keeps short messages
/// keeps no more than twice their size.
fn fill<T>(
    size: usize,
    mut receive: impl FnMut(&mut [MaybeUninit<u8>]) -> io::Result<(usize, T)>,
) -> io::Result<(Vec<u8>, T)> {
    let mut data = Vec::new();
    // The size is the caller's, who may have got it from a peer.
    data.try_reserve_exact(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let room = data.spare_capacity_mut();
    let room = room.get_mut(..size).expect("it was asked for");
    let (length, rest) = uninterrupted(|| receive(room))?;
    assert!(length <= size, "the system writes into the room that it was given");
    // SAFETY: the system has written the first `length` bytes, and they lie within the capacity.
    unsafe { data.set_len(length) };
    if size - length > length.max(SMALL) {
        data.shrink_to_fit();
    }
    Ok((data, rest))
}

/// The same bytes, for a system call that only ever writes to them.
fn uninitialised(buffer: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the memory and its length are those of `buffer`, which stays borrowed; `MaybeUninit` has the layout of
    // what it holds. The callers hand it to the system, which writes bytes and takes none away.
    unsafe { slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), buffer.len()) }
}

/// Whether its operations never block.
pub(crate) fn is_nonblocking(socket: &UserSocket) -> io::Result<bool> {
    socket.nonblocking()
}

/// Whether it is a stream socket.
pub(crate) fn is_stream(socket: &UserSocket) -> io::Result<bool> {
    Ok(socket.r#type()? == socket2::Type::STREAM)
}

pub(crate) fn send(socket: &UserSocket, data: &[u8]) -> io::Result<usize> {
    uninterrupted(|| socket.send_with_flags(data, SEND_FLAGS | libc::MSG_DONTWAIT))
}

pub(crate) fn send_to(socket: &UserSocket, data: &[u8], address: &SockAddr) -> io::Result<usize> {
    uninterrupted(|| socket.send_to_with_flags(data, address, SEND_FLAGS | libc::MSG_DONTWAIT))
}

/// Begins to connect, or finds that this was begun. False: the socket becomes writable when it has ended.
pub(crate) fn connect(socket: &UserSocket, address: &SockAddr) -> io::Result<bool> {
    match socket.connect(address) {
        Ok(()) => Ok(true),
        Err(error) if is_in_progress(&error) || error.raw_os_error() == Some(libc::EALREADY) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The next connection of a listening socket: non-blocking and close-on-exec.
pub(crate) fn accept(socket: &UserSocket) -> io::Result<(UserSocket, SockAddr)> {
    uninterrupted(|| accept_once(socket))
}

/// The Internet address that a descriptor is connected to, if it is one that is.
pub(crate) fn peer_of(number: usize) -> Option<std::net::SocketAddr> {
    let fd = super::RawFd::try_from(number).ok()?;
    let ask = |storage: *mut socket2::SockAddrStorage, len: *mut libc::socklen_t| {
        // SAFETY: both point to what they say. A number that is no descriptor gives an error.
        match unsafe { libc::getpeername(fd, storage.cast(), len) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: the call has written an address of the length that it says.
    let (_, address) = unsafe { SockAddr::try_init(ask) }.ok()?;
    address.as_socket()
}
