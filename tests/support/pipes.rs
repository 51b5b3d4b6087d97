//! Pipes, pseudo-terminals, and what is known of their descriptors.

use std::fs::File;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use asyncio::{IntoEndpoint, ProtocolHandle, Transport};

use super::net::running;

/// A transport that reads from a pipe, and the end that a test writes into.
pub(crate) async fn reading<P: IntoEndpoint<K>, K>(protocol: P) -> (Transport, ProtocolHandle<P>, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let (transport, protocol) = running().connect_read_pipe(move || protocol, reader).await.unwrap();
    (transport, protocol, writer)
}

/// A transport that writes into a pipe, and the end that a test reads from.
pub(crate) async fn writing<P: IntoEndpoint<K>, K>(protocol: P) -> (Transport, ProtocolHandle<P>, PipeReader) {
    let (reader, writer) = std::io::pipe().unwrap();
    let (transport, protocol) = running().connect_write_pipe(move || protocol, writer).await.unwrap();
    (transport, protocol, reader)
}

/// A pseudo-terminal: the side of who emulates it, and that of the program. Its line discipline changes nothing.
pub(crate) fn pseudo_terminal() -> (File, File) {
    let (master, slave) = line_terminal();
    make_raw(&slave);
    (master, slave)
}

/// A pseudo-terminal on which people type lines, and end the input by Ctrl-D.
#[expect(unsafe_code, reason = "std has no pseudo-terminals")]
pub(crate) fn line_terminal() -> (File, File) {
    let (mut master, mut slave) = (-1, -1);
    // SAFETY: the two numbers are written, and null asks for a usual terminal without its name.
    let made = unsafe {
        libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut())
    };
    assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: both were opened just now, and belong to nobody else.
    let master = unsafe { File::from_raw_fd(master) };
    // SAFETY: as above.
    let slave = unsafe { File::from_raw_fd(slave) };
    (master, slave)
}

#[expect(unsafe_code, reason = "std has no terminals")]
fn make_raw(terminal: &File) {
    // SAFETY: all zeroes are valid settings.
    let mut settings: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the settings live through the call, which writes to them.
    assert_eq!(unsafe { libc::tcgetattr(terminal.as_raw_fd(), &mut settings) }, 0);
    // SAFETY: as above.
    unsafe { libc::cfmakeraw(&mut settings) };
    // SAFETY: as above; they are only read.
    assert_eq!(unsafe { libc::tcsetattr(terminal.as_raw_fd(), libc::TCSANOW, &settings) }, 0);
}

/// Whether calls on the open file behind a descriptor block.
#[expect(unsafe_code, reason = "std does not tell")]
pub(crate) fn is_blocking(fd: &impl AsFd) -> bool {
    // SAFETY: asks for the flags of a descriptor that is open.
    let flags = unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_GETFL) };
    assert!(flags >= 0);
    flags & libc::O_NONBLOCK == 0
}

/// A second descriptor for the same open file, as a child process would have it.
pub(crate) fn duplicate(fd: &impl AsFd) -> OwnedFd {
    fd.as_fd().try_clone_to_owned().unwrap()
}

/// Lets child processes have it.
#[expect(unsafe_code, reason = "std has no such call")]
pub(crate) fn set_inheritable(fd: &impl AsFd) {
    // SAFETY: sets a flag of a descriptor that is open.
    assert_eq!(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_SETFD, 0) }, 0);
}

/// Whether child processes get it.
#[expect(unsafe_code, reason = "std does not tell")]
pub(crate) fn is_inheritable(fd: RawFd) -> bool {
    // SAFETY: asks for the flags of a number, be it that of a descriptor or not.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    assert!(flags >= 0);
    flags & libc::FD_CLOEXEC == 0
}
