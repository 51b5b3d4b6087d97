//! What the bytes of a stream transport go through. Chosen when a transport is compiled, so that a socket costs no more
//! than if there were nothing else.

use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice};
use std::net::Shutdown;

use super::{Address, Interest, RawFd, Socket};

/// Which ways the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Both,
    /// To the program.
    Read,
    /// From the program.
    Write,
}

/// An owned, non-blocking descriptor that bytes go through. After `close` its calls fail.
pub(crate) trait Channel: fmt::Debug + 'static {
    /// What messages call it.
    const NAME: &'static str;

    fn direction(&self) -> Direction;

    /// What has to be watched, so that the end of the other side is noticed as well.
    fn interest(&self) -> Interest;

    /// The descriptor, `None` once it is closed.
    fn fileno(&self) -> Option<RawFd>;

    /// Reads into `buffer`; zero is the end of the stream.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Hands bytes to the system; how many it took.
    fn send(&self, data: &[u8]) -> io::Result<usize>;

    /// As [`send`](Self::send), from several pieces.
    fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Has the system send bytes of a file that begin at `offset`; how many it took. Zero: the file ends there.
    fn send_file(&self, _file: &File, _offset: u64, _size: usize) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "there is no system call for it"))
    }

    /// Small pieces leave at once, instead of waiting for more of them. Only a delay is at stake.
    fn hurry(&self) {}

    /// Ends the way from the program, where the other one stays.
    fn end_writing(&self) -> io::Result<()>;

    /// The error that the system has kept for it, and takes from it.
    fn take_error(&self) -> io::Result<Option<io::Error>>;

    /// Its own address, if it has one.
    fn local_address(&self) -> Option<Address>;

    /// Whether no other descriptor can lead to the same file.
    fn is_alone(&self) -> bool {
        false
    }

    /// Closes it for good; nothing happens if it is closed.
    fn close(&self);
}

impl Channel for Socket {
    const NAME: &'static str = "socket";

    #[inline]
    fn direction(&self) -> Direction {
        Direction::Both
    }

    #[inline]
    fn interest(&self) -> Interest {
        Interest::Both
    }

    #[inline]
    fn fileno(&self) -> Option<RawFd> {
        self.fileno()
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(buffer)
    }

    #[inline]
    fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.send(data)
    }

    #[inline]
    fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send_vectored(pieces)
    }

    fn send_file(&self, file: &File, offset: u64, size: usize) -> io::Result<usize> {
        let fd = self.fileno().ok_or(io::ErrorKind::NotConnected)?;
        super::send_file(fd, file, offset, size)
    }

    fn hurry(&self) {
        // A peer that is gone already is found out about soon enough.
        let _ = self.set_nodelay(true);
    }

    fn end_writing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }

    fn local_address(&self) -> Option<Address> {
        self.local_address().ok().flatten()
    }

    fn is_alone(&self) -> bool {
        self.is_alone()
    }

    fn close(&self) {
        self.close();
    }
}
