//! Children on Linux: by process descriptors, which name a process and not a number.
//!
//! Where there are none, before Linux 5.3 and in some cages, SIGCHLD says that some child has ended, and each is asked.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::{Duration, Instant};

pub(in crate::sys) use super::sigchld::{poke, resume};
use super::{ReturnCode, sigchld};

/// `PIDFD_SIGNAL_PROCESS_GROUP`, of Linux 6.9.
const TO_GROUP: libc::c_uint = 1 << 2;

/// How long a child that was killed may take to end before it becomes an orphan.
const MOMENT: Duration = Duration::from_millis(500);

pub(super) enum Watch {
    Descriptor(OwnedFd),
    Signal(sigchld::Watch),
}

impl Watch {
    pub(super) fn new(pid: libc::pid_t) -> io::Result<Self> {
        // SAFETY: the call takes two numbers, and makes a descriptor with close-on-exec.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        if fd < 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                // It has ended, and was reaped because this process ignores SIGCHLD.
                Some(libc::ESRCH) => ended().map(Self::Descriptor),
                Some(libc::ENOSYS | libc::EPERM) => sigchld::Watch::new().map(Self::Signal),
                _ => Err(error),
            };
        }
        let fd = libc::c_int::try_from(fd).expect("a descriptor is an int");
        // SAFETY: the system has just given it out, to nobody else.
        Ok(Self::Descriptor(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Descriptor(_))
    }

    pub(super) fn fd(&self) -> RawFd {
        match self {
            Self::Descriptor(fd) => fd.as_raw_fd(),
            Self::Signal(watch) => watch.fd(),
        }
    }
}

/// A descriptor that is readable: a pipe at its end.
fn ended() -> io::Result<OwnedFd> {
    let (read, write) = super::prepare::both_ends()?;
    drop(write);
    Ok(read)
}

pub(super) fn reap(watch: &Watch, pid: libc::pid_t) -> io::Result<Option<ReturnCode>> {
    match watch {
        Watch::Descriptor(fd) => {
            let fd = libc::id_t::try_from(fd.as_raw_fd()).expect("an open descriptor is not negative");
            match look(libc::P_PIDFD, fd, libc::WEXITED) {
                // Linux 5.3 has descriptors, but cannot wait for them.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => look_at(pid, libc::WEXITED),
                result => result,
            }
        }
        Watch::Signal(watch) => {
            watch.empty();
            look_at(pid, libc::WEXITED)
        }
    }
}

/// How it ended, if it has, by its number: that is nobody else's as long as it was not reaped.
fn look_at(pid: libc::pid_t, how: libc::c_int) -> io::Result<Option<ReturnCode>> {
    look(libc::P_PID, pid.unsigned_abs(), how)
}

fn look(kind: libc::idtype_t, id: libc::id_t, how: libc::c_int) -> io::Result<Option<ReturnCode>> {
    // SAFETY: all zeroes is a valid `siginfo_t`.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    // SAFETY: the call writes to `info`, which outlives it.
    let result = unsafe { libc::waitid(kind, id, &raw mut info, how | libc::WNOHANG) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `waitid` has filled it in, or left the zeroes.
    let pid = unsafe { info.si_pid() };
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    Ok((pid != 0).then(|| super::returncode(info.si_code, status)))
}

pub(super) fn signal(watch: &Watch, pid: libc::pid_t, signal: libc::c_int) -> io::Result<()> {
    match watch {
        Watch::Descriptor(fd) => send(fd, signal, 0),
        Watch::Signal(_) => {
            // SAFETY: numbers. The caller has not reaped it, so the number is its own.
            check(unsafe { libc::kill(pid, signal) })
        }
    }
}

pub(super) fn signal_group(watch: &Watch, pid: libc::pid_t, signal: libc::c_int, is_pinned: bool) -> io::Result<()> {
    match watch {
        Watch::Descriptor(fd) if is_pinned => match send(fd, signal, TO_GROUP) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => signal_pinned_group(pid, signal),
            result => result,
        },
        Watch::Descriptor(fd) => send(fd, signal, TO_GROUP),
        Watch::Signal(_) if is_pinned => signal_pinned_group(pid, signal),
        Watch::Signal(_) => Err(io::Error::from_raw_os_error(libc::ESRCH)),
    }
}

/// As long as its first member was not reaped, the group's number is nobody else's.
fn signal_pinned_group(pid: libc::pid_t, signal: libc::c_int) -> io::Result<()> {
    // SAFETY: the call takes two numbers.
    check(unsafe { libc::killpg(pid, signal) })
}

/// Whether the system can signal a group by the descriptor of its first member.
pub(super) fn group_outlives(watch: &Watch) -> bool {
    match watch {
        Watch::Descriptor(fd) => {
            !matches!(send(fd, 0, TO_GROUP), Err(error) if error.raw_os_error() == Some(libc::EINVAL))
        }
        Watch::Signal(_) => false,
    }
}

pub(super) fn wait_briefly(watch: &Watch, pid: libc::pid_t) -> bool {
    let end = Instant::now() + MOMENT;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let mut poll = libc::pollfd { fd: watch.fd(), events: libc::POLLIN, revents: 0 };
        let timeout = libc::c_int::try_from(left.as_millis()).expect("half a second at most");
        // SAFETY: one `pollfd`, which outlives the call.
        let readable = unsafe { libc::poll(&raw mut poll, 1, timeout) > 0 };
        match watch {
            Watch::Descriptor(_) => return readable,
            Watch::Signal(watch) => watch.empty(),
        }
        // Any other child's end may have been the news.
        match look_at(pid, libc::WEXITED | libc::WNOWAIT) {
            Ok(None) if !left.is_zero() => {}
            result => return !matches!(result, Ok(None)),
        }
    }
}

fn send(watch: &OwnedFd, signal: libc::c_int, flags: libc::c_uint) -> io::Result<()> {
    let nothing: *const libc::siginfo_t = ptr::null();
    // SAFETY: numbers, and no further information about the signal.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, watch.as_raw_fd(), signal, nothing, flags) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
