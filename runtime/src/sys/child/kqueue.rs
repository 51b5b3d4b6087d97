//! Children on macOS and the BSDs: a kqueue of their own, which becomes readable when they end. Never run so far.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::ReturnCode;

/// How long a child that was killed may take to end before it becomes an orphan.
const MOMENT_MS: libc::c_int = 500;

pub(super) struct Watch(OwnedFd);

impl Watch {
    pub(super) fn new(pid: libc::pid_t) -> io::Result<Self> {
        // SAFETY: no argument.
        let fd = unsafe { libc::kqueue() };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the system has just given it out, to nobody else.
        let queue = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: numbers.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        // SAFETY: all zeroes is a valid `kevent`.
        let mut change: libc::kevent = unsafe { mem::zeroed() };
        change.ident = pid as _;
        change.filter = libc::EVFILT_PROC as _;
        change.flags = (libc::EV_ADD | libc::EV_ONESHOT) as _;
        change.fflags = libc::NOTE_EXIT as _;
        // SAFETY: one change, and room for no event.
        let result = unsafe { libc::kevent(fd, &raw const change, 1, ptr::null_mut(), 0, ptr::null()) };
        if result >= 0 {
            return Ok(Self(queue));
        }
        match io::Error::last_os_error() {
            // It has ended already: what is always readable says so as well.
            error if error.raw_os_error() == Some(libc::ESRCH) => ended().map(Self),
            error => Err(error),
        }
    }

    pub(super) fn is_own(&self) -> bool {
        true
    }

    pub(super) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// A descriptor that is readable: a pipe at its end.
fn ended() -> io::Result<OwnedFd> {
    let (read, write) = super::prepare::both_ends()?;
    drop(write);
    Ok(read)
}

pub(super) fn reap(watch: &Watch, pid: libc::pid_t) -> io::Result<Option<ReturnCode>> {
    let mut status = 0;
    // The report may come a moment before the child can be reaped, and does not come again.
    let how = if is_readable(watch, 0) { 0 } else { libc::WNOHANG };
    // SAFETY: the call writes one number.
    let result = unsafe { libc::waitpid(pid, &raw mut status, how) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let (code, value) = if libc::WIFSIGNALED(status) {
        (libc::CLD_KILLED, libc::WTERMSIG(status))
    } else {
        (libc::CLD_EXITED, libc::WEXITSTATUS(status))
    };
    Ok((result != 0).then(|| super::returncode(code, value)))
}

/// The number is nobody else's as long as the child was not reaped, and the caller has made sure of that.
pub(super) fn signal(_watch: &Watch, pid: libc::pid_t, signal: libc::c_int) -> io::Result<()> {
    // SAFETY: numbers.
    let result = unsafe { libc::kill(pid, signal) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(super) fn signal_group(_watch: &Watch, pid: libc::pid_t, signal: libc::c_int, is_pinned: bool) -> io::Result<()> {
    if !is_pinned {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    // SAFETY: numbers.
    let result = unsafe { libc::killpg(pid, signal) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(super) fn group_outlives(_watch: &Watch) -> bool {
    false
}

pub(super) fn wait_briefly(watch: &Watch, _pid: libc::pid_t) -> bool {
    is_readable(watch, MOMENT_MS)
}

fn is_readable(watch: &Watch, timeout_ms: libc::c_int) -> bool {
    let mut poll = libc::pollfd { fd: watch.fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one `pollfd`, which outlives the call.
    unsafe { libc::poll(&raw mut poll, 1, timeout_ms) > 0 }
}

/// Nobody here waits for SIGCHLD.
pub(in crate::sys) fn poke() {}

/// As above.
pub(in crate::sys) fn resume() -> io::Result<()> {
    Ok(())
}
