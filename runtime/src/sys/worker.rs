//! A process that works for another one: how it is started, and how it takes what it was given.
//!
//! The socket to the parent is the worker's standard input: that is the one descriptor that a child gets without being
//! visible, for a moment, to children that other threads start. The worker moves it away at once, so that nothing it
//! runs later reads from it. What it is started as stands in its first argument, which its own children do not inherit
//! and which shows in a list of processes.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Order, Preparation, Stream, UserSocket};

/// What the first argument of a worker ends with.
const MARK: &str = ": asyncio worker";

/// Whether this process was started as a worker.
pub(crate) fn is_worker() -> bool {
    std::env::args_os().next().is_some_and(|name| name.as_bytes().ends_with(MARK.as_bytes()))
}

/// The order for this program again, as a worker with this end of a socket, and a standard error to write to.
///
/// It stands at the head of a process group: what a terminal sends to this one's group does not reach it, and whatever it
/// starts can be ended with it.
pub(crate) fn order(socket: OwnedFd, stderr: OwnedFd) -> io::Result<Order> {
    let mut name = std::env::args_os().next().unwrap_or_default().into_vec();
    if name.ends_with(MARK.as_bytes()) {
        name.truncate(name.len() - MARK.len());
    }
    name.extend_from_slice(MARK.as_bytes());
    Ok(Order {
        executable: program()?.into_os_string(),
        name: Some(OsString::from_vec(name)),
        args: Vec::new(),
        env: None,
        cwd: None,
        group: Some(0),
        preparation: Preparation::default(),
        streams: [Stream::File(socket), Stream::Inherit, Stream::File(stderr)],
    })
}

/// The file of this program; on Linux that very file, though another one may have its name by now. A process that has
/// become another user's may not ask the system for it any more.
fn program() -> io::Result<PathBuf> {
    let own = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && own.exists() {
        return Ok(own);
    }
    std::env::current_exe().or_else(|error| PROGRAM.get().cloned().flatten().ok_or(error))
}

static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Notes where the program's file is, as long as that can be asked for.
pub(crate) fn note_program() {
    PROGRAM.get_or_init(|| std::env::current_exe().ok());
}

/// A pair of connected sockets: the parent's end, which does not block, and the worker's, which does.
pub(crate) fn pair() -> io::Result<(UserSocket, OwnedFd)> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((UserSocket::from(near), far.into()))
}

/// Takes the socket to the parent from the standard input, which is empty from then on.
pub(crate) fn take_socket() -> io::Result<UnixStream> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let null = File::open("/dev/null")?;
    // SAFETY: both descriptors are open; the standard input is replaced in one step and stays open.
    if unsafe { libc::dup2(null.as_raw_fd(), libc::STDIN_FILENO) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let socket = UnixStream::from(socket);
    // Of a stranger who has found out the name, and gives no socket.
    socket.peer_addr()?;
    Ok(socket)
}

/// Sees to it that this process ends with its parent, whatever it is doing then.
#[cfg(target_os = "linux")]
pub(crate) fn end_with_parent(_socket: &UnixStream) -> io::Result<()> {
    // SAFETY: numbers only.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Writes some bytes to this process's standard error, past the lock of std, which a thread may hold that waits for room.
///
/// # Errors
///
/// `WouldBlock` if there is no room now. Between the look and the write others may fill it; then this waits for them.
pub(crate) fn write_to_stderr(bytes: &[u8]) -> io::Result<usize> {
    let mut poll = libc::pollfd { fd: libc::STDERR_FILENO, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one `pollfd`, which outlives the call.
    if unsafe { libc::poll(&raw mut poll, 1, 0) } == 0 {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    // A pipe that takes anything takes so much at once.
    let length = bytes.len().min(libc::PIPE_BUF);
    // SAFETY: as many bytes are there.
    let written = unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), length) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}

/// As on Linux, by a thread that waits for the end of the socket: only the parent has its other end.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_with_parent(socket: &UnixStream) -> io::Result<()> {
    let socket = socket.try_clone()?;
    let wait = move || {
        let mut poll = libc::pollfd { fd: socket.as_raw_fd(), events: 0, revents: 0 };
        // SAFETY: one `pollfd`, which outlives the call. Nothing is asked for, so only a hang-up ends the wait.
        while unsafe { libc::poll(&raw mut poll, 1, -1) } < 1 {}
        // SAFETY: ends the process without running anything of it.
        unsafe { libc::_exit(1) };
    };
    std::thread::Builder::new().name("asyncio worker".to_owned()).spawn(wait).map(drop)
}
