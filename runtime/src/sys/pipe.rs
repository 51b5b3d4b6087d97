//! One end of a pipe, or what serves as one: a socket, a terminal, another character device.
//!
//! Whether reads block belongs to the open file, which other processes may share: a shell gives its terminal to each of
//! its children. So a blocking mode that was found is put back when the pipe is closed, and a terminal is opened anew
//! where that is possible, so that not even this process's own standard output becomes non-blocking meanwhile.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;

use super::CLOSED;
use super::socket::uninterrupted;
use super::{Address, Channel, Direction, Interest, fork, sigpipe};

/// What a pipe really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fifo,
    Socket,
    Device,
}

/// An owned end of a pipe: non-blocking, close-on-exec, closed when it is dropped or told so.
pub(crate) struct Pipe {
    fd: Cell<RawFd>,
    kind: Kind,
    direction: Direction,
    /// It was blocking when it came, and shall be that again.
    was_blocking: bool,
    /// Writing where nobody reads would end the process.
    is_deadly: bool,
    process: fork::Process,
}

impl Pipe {
    /// Takes over a descriptor, or refuses it with `InvalidInput` if it is none of a pipe, socket or character device.
    pub(crate) fn adopt(fd: OwnedFd, direction: Direction) -> io::Result<Self> {
        let file = File::from(fd);
        let file_type = file.metadata()?.file_type();
        let kind = if file_type.is_fifo() {
            Kind::Fifo
        } else if file_type.is_socket() {
            Kind::Socket
        } else if file_type.is_char_device() {
            Kind::Device
        } else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        let file = terminal::opened_anew(&file, direction).unwrap_or(file);
        let flags = control(&file, libc::F_GETFL, 0)?;
        let was_blocking = flags & libc::O_NONBLOCK == 0;
        if was_blocking {
            control(&file, libc::F_SETFL, flags | libc::O_NONBLOCK)?;
        }
        control(&file, libc::F_SETFD, libc::FD_CLOEXEC)?;
        Ok(Self {
            fd: Cell::new(file.into_raw_fd()),
            kind,
            direction,
            was_blocking,
            is_deadly: direction == Direction::Write && sigpipe::is_deadly(),
            process: fork::Process::current(),
        })
    }

    /// Takes over an end of a pipe that was just made, and that nobody else has.
    pub(crate) fn fresh(fd: OwnedFd, direction: Direction) -> io::Result<Self> {
        let file = File::from(fd);
        // No other flag of it can be changed, so there is none to keep.
        control(&file, libc::F_SETFL, libc::O_NONBLOCK)?;
        Ok(Self {
            fd: Cell::new(file.into_raw_fd()),
            kind: Kind::Fifo,
            direction,
            was_blocking: false,
            is_deadly: direction == Direction::Write && sigpipe::is_deadly(),
            process: fork::Process::current(),
        })
    }

    /// A second descriptor for the same file.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFd> {
        Ok(self.file()?.try_clone()?.into())
    }

    #[inline]
    fn file(&self) -> io::Result<ManuallyDrop<File>> {
        let fd = self.fd.get();
        if fd == CLOSED {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the pipe is closed"));
        }
        // SAFETY: the descriptor is open: only `close` closes it, and that sets the number to `CLOSED`. This type
        // stays on one thread, no caller runs foreign code while it holds the value, and none lets it drop.
        Ok(ManuallyDrop::new(unsafe { File::from_raw_fd(fd) }))
    }

    fn written(&self, write: impl Fn(&File) -> io::Result<usize>) -> io::Result<usize> {
        let file = self.file()?;
        let write = || uninterrupted(|| write(&file));
        if self.is_deadly { sigpipe::held_back(write) } else { write() }
    }
}

impl Channel for Pipe {
    const NAME: &'static str = "pipe";

    fn direction(&self) -> Direction {
        self.direction
    }

    fn interest(&self) -> Interest {
        match (self.direction, self.kind) {
            (Direction::Read, _) => Interest::Read,
            // The peer of a socket is gone when it sends no more; a pipe reports it by itself.
            (Direction::Both, _) | (Direction::Write, Kind::Socket) => Interest::Both,
            (Direction::Write, _) => Interest::Write,
        }
    }

    fn fileno(&self) -> Option<RawFd> {
        let fd = self.fd.get();
        (fd != CLOSED).then_some(fd)
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = self.file()?;
        uninterrupted(|| (&*file).read(buffer))
    }

    fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.written(|mut file| file.write(data))
    }

    fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.written(|mut file| file.write_vectored(pieces))
    }

    fn end_writing(&self) -> io::Result<()> {
        // It has no other direction that could stay open, so its transport closes it instead.
        Ok(())
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    fn local_address(&self) -> Option<Address> {
        None
    }

    fn close(&self) {
        // A child of a fork shares the file with its parent, which still needs it as it is.
        if self.was_blocking && self.process.is_current() {
            let restored = self.file().and_then(|file| {
                let flags = control(&file, libc::F_GETFL, 0)?;
                control(&file, libc::F_SETFL, flags & !libc::O_NONBLOCK)
            });
            // Closed already, or of a device that is gone: nobody is left to be surprised.
            drop(restored);
        }
        let fd = self.fd.replace(CLOSED);
        if fd != CLOSED {
            // SAFETY: this type owned the descriptor, and has just forgotten it.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
}

fn control(file: &File, command: libc::c_int, value: libc::c_int) -> io::Result<libc::c_int> {
    // SAFETY: reads or sets the flags of a descriptor that is open; no memory is involved.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), command, value) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The error of reading from a terminal whose other side is gone.
pub(crate) const HUNG_UP: i32 = libc::EIO;

/// Whether the poller has refused a descriptor because it is always ready: a regular file, or a device as /dev/null.
pub(crate) fn is_always_ready(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EPERM)
}

#[cfg(target_os = "linux")]
mod terminal {
    use std::fs::{File, OpenOptions};
    use std::io::IsTerminal;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    use super::Direction;

    /// The terminal behind `file` as an open file of its own. `None` if it is no terminal, or cannot be opened again.
    pub(super) fn opened_anew(file: &File, direction: Direction) -> Option<File> {
        if !file.is_terminal() || is_master(file) {
            return None;
        }
        let mut options = OpenOptions::new();
        options.read(direction != Direction::Write).write(direction != Direction::Read);
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
        options.open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
    }

    /// Opening the master of a pseudo-terminal again would make another pair.
    fn is_master(file: &File) -> bool {
        let mut number: libc::c_int = 0;
        // SAFETY: the call writes one number into `number`, if it knows it.
        unsafe { libc::ioctl(file.as_raw_fd(), libc::TIOCGPTN, &raw mut number) == 0 }
    }
}

#[cfg(not(target_os = "linux"))]
mod terminal {
    use std::fs::File;

    use super::Direction;

    /// There is no general way.
    pub(super) fn opened_anew(_file: &File, _direction: Direction) -> Option<File> {
        None
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("fd", &self.fd.get()).field("kind", &self.kind).finish_non_exhaustive()
    }
}
