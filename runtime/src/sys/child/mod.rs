//! Child processes: watched by a descriptor, signalled and reaped by an identity that is never another process's.
//!
//! What each system supplies, as `backend`:
//!
//! - `Watch`: a descriptor that becomes readable once the child has ended;
//! - `reap`: how it ended, if it has, and the end of it: its number is free from then on;
//! - `poke`, `resume`: what a handler of SIGCHLD does, and what is done when that goes;
//! - `signal`, `signal_group`: a signal for the child, or for the process group that bears its number.
//!
//! A child that was not reaped is a zombie once it has ended, so whoever drops a [`Child`] that still runs kills it, and
//! waits for that a moment. Should it take longer, the child stands in a list that every later start goes through.

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "pidfd.rs"]
mod backend;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "kqueue.rs"]
mod backend;
mod order;
mod orphans;
mod prepare;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod sigchld;
#[cfg(target_os = "linux")]
mod spawn;
mod start;
#[cfg(target_os = "linux")]
mod vfork;

pub(in crate::sys) use backend::{poke, resume};
pub(crate) use order::{Order, Stream};
pub use prepare::PreExec;
pub(crate) use prepare::{Preparation, pipe};

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::os::fd::RawFd;

use super::fork;

/// How a child ended: its exit code, or the negative number of the signal that ended it.
type ReturnCode = i32;

/// What is said of a child that somebody else has reaped. Python: 255 too.
const UNKNOWN: ReturnCode = 255;

/// A child of this process. Killed and reaped on drop, unless it was reaped before.
pub(crate) struct Child {
    pid: libc::pid_t,
    /// `None` once an orphan has it.
    watch: RefCell<Option<backend::Watch>>,
    returncode: Cell<Option<ReturnCode>>,
    process: fork::Process,
}

impl Child {
    /// Starts a child. What fails after it has started ends it again.
    pub(crate) fn spawn(order: &mut Order) -> io::Result<Self> {
        orphans::reap();
        let (pid, watch) = start::start(order)?;
        match watch.map_or_else(|| backend::Watch::new(pid), Ok) {
            Ok(watch) => {
                let (watch, returncode) = (RefCell::new(Some(watch)), Cell::new(None));
                Ok(Self { pid, watch, returncode, process: fork::Process::current() })
            }
            Err(error) => {
                // SAFETY: numbers. It was not reaped, unless this process has its children reaped by the system.
                unsafe { libc::kill(pid, libc::SIGKILL) };
                // SAFETY: the call writes nothing.
                unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
                Err(error)
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Readable once the child has ended.
    pub(crate) fn fd(&self) -> RawFd {
        self.watched(|watch| Ok(watch.fd())).unwrap_or(super::CLOSED)
    }

    pub(crate) fn returncode(&self) -> Option<ReturnCode> {
        self.returncode.get()
    }

    /// How it ended, if it has. It is reaped then. An error if somebody else has done that.
    pub(crate) fn try_wait(&self) -> io::Result<Option<ReturnCode>> {
        if self.returncode.get().is_none() {
            match self.watched(|watch| backend::reap(watch, self.pid)) {
                Ok(returncode) => self.returncode.set(returncode),
                Err(error) => {
                    self.returncode.set(Some(UNKNOWN));
                    return Err(error);
                }
            }
        }
        Ok(self.returncode.get())
    }

    /// Sends a signal. One that has ended and was not reaped takes it without effect; else "no such process".
    pub(crate) fn signal(&self, signal: i32) -> io::Result<()> {
        self.process.check()?;
        if self.returncode.get().is_some() {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        self.watched(|watch| backend::signal(watch, self.pid, signal))
    }

    /// Sends a signal to the process group that the child was started in as its first member; signal 0 only asks
    /// whether anybody is left.
    pub(crate) fn signal_group(&self, signal: i32) -> io::Result<()> {
        self.process.check()?;
        self.watched(|watch| backend::signal_group(watch, self.pid, signal, self.returncode.get().is_none()))
    }

    /// Whether a group can be signalled whose first member was reaped.
    pub(crate) fn group_outlives(&self) -> bool {
        self.watched(|watch| Ok(backend::group_outlives(watch))).unwrap_or(false)
    }

    /// Gives its descriptor back, as it was reaped and nobody asks for its group any more. It must not be watched then.
    pub(crate) fn retire(&self) {
        debug_assert!(self.returncode.get().is_some(), "what runs has to be watched");
        let watch = self.watch.take();
        drop(watch);
    }

    /// Whether the descriptor leads to nothing but this child, and goes when it [retires](Self::retire).
    pub(crate) fn has_own_descriptor(&self) -> bool {
        self.watch.borrow().as_ref().is_some_and(backend::Watch::is_own)
    }

    fn watched<T>(&self, f: impl FnOnce(&backend::Watch) -> io::Result<T>) -> io::Result<T> {
        self.watch.borrow().as_ref().map_or_else(|| Err(io::Error::from_raw_os_error(libc::ESRCH)), f)
    }

    /// Kills and reaps it, unless it was reaped before.
    pub(crate) fn end(&self) {
        // In a child of a fork it is no child of the process that runs.
        if self.returncode.get().is_some() || !self.process.is_current() {
            return;
        }
        // It has ended, or is about to.
        let _ = self.signal(libc::SIGKILL);
        if self.watched(|watch| Ok(backend::wait_briefly(watch, self.pid))).unwrap_or(false) {
            // Reaped by somebody else, if this fails.
            let _ = self.try_wait();
        }
        if self.returncode.get().is_none() {
            if let Some(watch) = self.watch.take() {
                orphans::adopt(self.pid, watch);
            }
            self.returncode.set(Some(-libc::SIGKILL));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("pid", &self.pid).field("returncode", &self.returncode.get()).finish()
    }
}

/// How the system says that a process ended, in one number.
fn returncode(code: libc::c_int, status: libc::c_int) -> ReturnCode {
    if code == libc::CLD_EXITED { status } else { -status }
}
