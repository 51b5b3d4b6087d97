//! From a file to a socket, without a way through the program's memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;

use super::sigpipe;
use super::socket::uninterrupted;

/// Sends bytes of a file that begin at `offset`; how many the socket took. Zero: the file ends there.
pub(crate) fn send_file(socket: RawFd, file: &File, offset: u64, size: usize) -> io::Result<usize> {
    let offset = libc::off_t::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
    let send = || uninterrupted(|| send_once(socket, file.as_raw_fd(), offset, size));
    // The call has no flag against the signal of a peer that is gone.
    if sigpipe::is_deadly() { sigpipe::held_back(send) } else { send() }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn send_once(socket: RawFd, file: RawFd, mut offset: libc::off_t, size: usize) -> io::Result<usize> {
    // SAFETY: the descriptors are open as long as their owners are borrowed; `offset` lives through the call.
    let sent = unsafe { libc::sendfile(socket, file, &raw mut offset, size) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

#[cfg(target_vendor = "apple")]
fn send_once(socket: RawFd, file: RawFd, offset: libc::off_t, size: usize) -> io::Result<usize> {
    let mut length = libc::off_t::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the descriptors are open as long as their owners are borrowed; `length` lives through the call.
    let failed = unsafe { libc::sendfile(file, socket, offset, &raw mut length, std::ptr::null_mut(), 0) } != 0;
    // What was sent before the call would have blocked counts.
    match usize::try_from(length) {
        Ok(sent) if !failed || sent > 0 => Ok(sent),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(target_os = "freebsd")]
fn send_once(socket: RawFd, file: RawFd, offset: libc::off_t, size: usize) -> io::Result<usize> {
    let (mut sent, no_headers) = (0, std::ptr::null_mut());
    // SAFETY: the descriptors are open as long as their owners are borrowed; `sent` lives through the call.
    let failed = unsafe { libc::sendfile(file, socket, offset, size, no_headers, &raw mut sent, 0) } != 0;
    // What was sent before the call would have blocked counts.
    match usize::try_from(sent) {
        Ok(sent) if !failed || sent > 0 => Ok(sent),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple")))]
fn send_once(_socket: RawFd, _file: RawFd, _offset: libc::off_t, _size: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether it is a file of which each part can be asked for.
pub(crate) fn is_regular(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.is_file())
}

/// Reads up to `size` bytes at `offset`, or what comes next if it is `None`. For a thread that may block.
pub(crate) fn read_piece(mut file: &File, offset: Option<u64>, size: usize) -> io::Result<Vec<u8>> {
    let mut data = vec![0; size];
    let length = uninterrupted(|| match offset {
        Some(offset) => file.read_at(&mut data, offset),
        None => file.read(&mut data),
    })?;
    data.truncate(length);
    Ok(data)
}

/// Sets the position from which the file is read by itself.
pub(crate) fn set_position(mut file: &File, position: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(position)).map(drop)
}
