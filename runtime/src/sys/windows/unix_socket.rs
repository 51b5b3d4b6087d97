//! Unix sockets, which this crate does not use on Windows.

use std::io;
use std::path::Path;

use super::not_here::not_here;
use super::{OwnedFd, Socket, UnixAddress};

impl Socket {
    pub(crate) fn unix() -> io::Result<Self> {
        Err(not_here("unix sockets"))
    }

    pub(crate) fn unix_datagram() -> io::Result<Self> {
        Err(not_here("unix sockets"))
    }

    pub(crate) fn adopt_unix(_fd: OwnedFd) -> io::Result<Self> {
        Err(not_here("unix sockets"))
    }

    pub(crate) fn bind_unix(&self, _address: &UnixAddress) -> io::Result<()> {
        Err(not_here("unix sockets"))
    }

    pub(crate) fn connect_unix(&self, _address: &UnixAddress) -> io::Result<()> {
        Err(not_here("unix sockets"))
    }
}

/// There is none.
pub(crate) fn remove_socket_file(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The file of a socket that was bound, which no socket has.
#[derive(Debug)]
pub(crate) struct SocketFile(std::convert::Infallible);

impl SocketFile {
    pub(crate) fn of(_path: &Path) -> io::Result<Self> {
        Err(not_here("unix sockets"))
    }

    pub(crate) fn path(&self) -> &Path {
        match self.0 {}
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        match self.0 {}
    }
}
