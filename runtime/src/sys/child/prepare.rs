//! What a child does between its birth and its program, and the pipes to it.
//!
//! Everything here that runs in the child runs between `fork` and `exec`: only what a signal handler may do, too. A
//! child that needs none of it is started by `posix_spawn`, which does not copy the page tables of a large parent.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::sys::Direction;

/// A function that runs in the child, right before its program. Python: `preexec_fn`.
///
/// For [`pre_exec`](crate::subprocess::CreateSubprocess::pre_exec).
pub struct PreExec(Box<dyn FnMut() -> io::Result<()> + Send + Sync>);

impl PreExec {
    /// The function; its error is that of the start.
    ///
    /// # Safety
    ///
    /// It runs in a copy of this process that has one thread only, after a `fork`: memory may be in any state and locks
    /// may be held for ever. It must do only what a signal handler may do, which excludes allocating. See
    /// `std::os::unix::process::CommandExt::pre_exec`.
    pub unsafe fn new(f: impl FnMut() -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Box::new(f))
    }
}

impl fmt::Debug for PreExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreExec").finish_non_exhaustive()
    }
}

/// What the child does before its program runs.
#[derive(Debug, Default)]
pub(crate) struct Preparation {
    pub(crate) start_new_session: bool,
    pub(crate) umask: Option<u32>,
    pub(crate) user: Option<u32>,
    pub(crate) group: Option<u32>,
    pub(crate) extra_groups: Option<Vec<u32>>,
    pub(crate) pass_fds: Vec<RawFd>,
    pub(crate) pre_exec: Option<PreExec>,
}

impl Preparation {
    fn is_empty(&self) -> bool {
        let Self { start_new_session, umask, user, group, extra_groups, pass_fds, pre_exec } = self;
        let ids = [umask, user, group].into_iter().all(Option::is_none) && extra_groups.is_none();
        !start_new_session && ids && pass_fds.is_empty() && pre_exec.is_none()
    }

    /// Has the command do it, if there is anything to do.
    pub(crate) fn apply(mut self, command: &mut Command) {
        if !self.is_empty() {
            // SAFETY: `run` makes system calls only, but for the user's function, who has promised the same.
            unsafe { command.pre_exec(move || self.run()) };
        }
    }

    /// In the order of Python: the session first, the user's function last, and the rights in between.
    fn run(&mut self) -> io::Result<()> {
        if self.start_new_session {
            // SAFETY: no argument.
            check(unsafe { libc::setsid() })?;
        }
        if let Some(umask) = self.umask {
            // SAFETY: a number, of which the system takes the bits that mean something; it cannot fail.
            unsafe { libc::umask(umask as libc::mode_t) };
        }
        if let Some(groups) = &self.extra_groups {
            // SAFETY: as many numbers as are there, in memory that was allocated before the fork.
            check(unsafe { libc::setgroups(groups.len() as _, groups.as_ptr()) })?;
        }
        if let Some(group) = self.group {
            // SAFETY: numbers.
            check(unsafe { libc::setregid(group, group) })?;
        }
        if let Some(user) = self.user {
            // SAFETY: numbers.
            check(unsafe { libc::setreuid(user, user) })?;
        }
        for fd in &self.pass_fds {
            // SAFETY: numbers; a descriptor that is not open is an error.
            check(unsafe { libc::fcntl(*fd, libc::F_SETFD, 0) })?;
        }
        match &mut self.pre_exec {
            Some(PreExec(f)) => f(),
            None => Ok(()),
        }
    }
}

/// A pipe to a child: our end, whose bytes go this way, and the child's. Both block, and go with an `exec`.
pub(crate) fn pipe(ours: Direction) -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = both_ends()?;
    Ok(if ours == Direction::Read { (read, write) } else { (write, read) })
}

/// The end that is read, and the end that is written.
pub(super) fn both_ends() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    make(&mut ends)?;
    // SAFETY: the system has just given them out, to nobody else.
    let [read, write] = ends.map(|fd| unsafe { File::from_raw_fd(fd) });
    Ok((read.into(), write.into()))
}

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
))]
fn make(ends: &mut [RawFd; 2]) -> io::Result<()> {
    // SAFETY: room for two descriptors.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
fn make(ends: &mut [RawFd; 2]) -> io::Result<()> {
    // SAFETY: room for two descriptors.
    check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
    for fd in ends {
        // SAFETY: numbers. A child that another thread starts right now may have inherited it.
        check(unsafe { libc::fcntl(*fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    }
    Ok(())
}

pub(super) fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
