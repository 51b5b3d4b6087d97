//! Reading a file for those who send it by hand: the system's own call is not used here.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::windows::fs::FileExt;

use super::RawFd;
use super::socket::uninterrupted;

/// Not here: `TransmitFile` works in the background, and would have to be waited for.
pub(crate) fn send_file(_socket: RawFd, _file: &File, _offset: u64, _size: usize) -> io::Result<usize> {
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
        Some(offset) => file.seek_read(&mut data, offset),
        None => file.read(&mut data),
    })?;
    data.truncate(length);
    Ok(data)
}

/// Sets the position from which the file is read by itself.
pub(crate) fn set_position(mut file: &File, position: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(position)).map(drop)
}
