//! Children on Linux: by process descriptors, which name a process and not a number.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use super::ReturnCode;

/// `PIDFD_SIGNAL_PROCESS_GROUP`, of Linux 6.9.
const TO_GROUP: libc::c_uint = 1 << 2;

/// How long a child that was killed may take to end before it becomes an orphan.
const MOMENT_MS: libc::c_int = 500;

pub(super) fn watch(pid: libc::pid_t) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers, and makes a descriptor with close-on-exec.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return match io::Error::last_os_error() {
            // It has ended, and was reaped because this process ignores SIGCHLD.
            error if error.raw_os_error() == Some(libc::ESRCH) => ended(),
            error => Err(error),
        };
    }
    let fd = libc::c_int::try_from(fd).expect("a descriptor is an int");
    // SAFETY: the system has just given it out, to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A descriptor that is readable: a pipe at its end.
fn ended() -> io::Result<OwnedFd> {
    let (read, write) = super::pipe()?;
    drop(write);
    Ok(read)
}

pub(super) fn reap(watch: &OwnedFd, _pid: libc::pid_t) -> io::Result<Option<ReturnCode>> {
    // SAFETY: all zeroes is a valid `siginfo_t`.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    let fd = libc::id_t::try_from(watch.as_raw_fd()).expect("an open descriptor is not negative");
    // SAFETY: the call writes to `info`, which outlives it.
    let result = unsafe { libc::waitid(libc::P_PIDFD, fd, &raw mut info, libc::WEXITED | libc::WNOHANG) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `waitid` has filled it in, or left the zeroes.
    let pid = unsafe { info.si_pid() };
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    Ok((pid != 0).then(|| super::returncode(info.si_code, status)))
}

pub(super) fn signal(watch: &OwnedFd, _pid: libc::pid_t, signal: libc::c_int) -> io::Result<()> {
    send(watch, signal, 0)
}

pub(super) fn signal_group(watch: &OwnedFd, pid: libc::pid_t, signal: libc::c_int, is_pinned: bool) -> io::Result<()> {
    match send(watch, signal, TO_GROUP) {
        // As long as its first member was not reaped, the group's number is nobody else's.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) && is_pinned => {
            // SAFETY: the call takes two numbers.
            let result = unsafe { libc::killpg(pid, signal) };
            if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
        }
        result => result,
    }
}

/// Whether the system can signal a group by the descriptor of its first member.
pub(super) fn group_outlives(watch: &OwnedFd) -> bool {
    !matches!(send(watch, 0, TO_GROUP), Err(error) if error.raw_os_error() == Some(libc::EINVAL))
}

pub(super) fn wait_briefly(watch: &OwnedFd) -> bool {
    let mut poll = libc::pollfd { fd: watch.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one `pollfd`, which outlives the call.
    unsafe { libc::poll(&raw mut poll, 1, MOMENT_MS) > 0 }
}

fn send(watch: &OwnedFd, signal: libc::c_int, flags: libc::c_uint) -> io::Result<()> {
    let nothing: *const libc::siginfo_t = ptr::null();
    // SAFETY: numbers, and no further information about the signal.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, watch.as_raw_fd(), signal, nothing, flags) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
