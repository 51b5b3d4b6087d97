//! Unix sockets: connections within one machine, under the name of a file or under an abstract one.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Type};

use super::os_socket::stream_socket;
use super::{Address, Socket, UnixAddress, fork};

impl Socket {
    /// A unix stream socket.
    pub(crate) fn unix() -> io::Result<Self> {
        let socket = stream_socket(Domain::UNIX, None)?;
        Ok(socket.into())
    }

    /// A datagram socket among unix sockets.
    pub(crate) fn unix_datagram() -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    }

    /// Takes over a descriptor that somebody else made; it must be a unix stream socket, else `InvalidInput`.
    pub(crate) fn adopt_unix(fd: OwnedFd) -> io::Result<Self> {
        const OTHERWISE: &str = "a unix stream socket was expected";
        let socket = Self::adopt_of(fd, Type::STREAM, OTHERWISE)?;
        match socket.local_address()? {
            Some(Address::Unix(_)) => Ok(socket),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, OTHERWISE)),
        }
    }

    pub(crate) fn bind_unix(&self, address: &UnixAddress) -> io::Result<()> {
        self.socket()?.bind(&SockAddr::try_from(address)?)
    }

    /// Connects, which takes no time. `WouldBlock`: the server has as many waiting clients as it wants; it is not
    /// reported when that changes.
    pub(crate) fn connect_unix(&self, address: &UnixAddress) -> io::Result<()> {
        self.socket()?.connect(&SockAddr::try_from(address)?)
    }
}

/// Removes the file of a socket, whoever left it there. Files of other kinds stay, and it is no error if there is none.
pub(crate) fn remove_socket_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The file of a socket that was bound, known again by its number.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    process: fork::Process,
}

impl SocketFile {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let (device, inode) = (metadata.dev(), metadata.ino());
        Ok(Self { path: path.to_owned(), device, inode, process: fork::Process::current() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, unless it is another one by now, or its server is that of the parent of a fork.
    pub(crate) fn remove(&self) -> io::Result<()> {
        if !self.process.is_current() {
            return Ok(());
        }
        match fs::metadata(&self.path) {
            Ok(metadata) if (metadata.dev(), metadata.ino()) == (self.device, self.inode) => {
                fs::remove_file(&self.path)
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}
