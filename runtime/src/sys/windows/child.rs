//! Child processes: std starts them, and the system says on a thread of its own when one has ended. Type-checked, and
//! never run so far.
//!
//! A child is named by its handle, which is never another one's.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::os::windows::process::CommandExt;
use std::process;
use std::time::{Duration, Instant};

use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

use super::CLOSED;
use super::RawFd;
use super::descriptor::raw_handle;
use super::driver::{Handle, forget, remember};
use super::not_here::not_here;
use super::signals::number::{SIGKILL, SIGTERM};

#[path = "../child/order.rs"]
mod order;

pub(crate) use super::pipe::pipe;
pub(crate) use order::{Order, Stream};

/// How long a child that was killed may take to end.
const MOMENT: Duration = Duration::from_millis(500);

/// A child of this process. Killed on drop, unless it has ended.
pub(crate) struct Child {
    child: RefCell<process::Child>,
    number: RawFd,
    returncode: Cell<Option<i32>>,
}

impl Child {
    /// Starts a child.
    pub(crate) fn spawn(order: &mut Order) -> io::Result<Self> {
        order.preparation.check()?;
        if order.name.is_some() {
            return Err(not_here("executable"));
        }
        let mut command = order.command();
        match order.group {
            None => {}
            Some(0) => drop(command.creation_flags(CREATE_NEW_PROCESS_GROUP)),
            Some(_) => return Err(not_here("process_group with the number of a group")),
        }
        let child = command.spawn()?;
        let number = raw_handle(&child);
        remember(number, Handle::Process);
        Ok(Self { child: RefCell::new(child), number, returncode: Cell::new(None) })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.borrow().id()
    }

    /// What the poller is asked about it: reported once the child has ended.
    pub(crate) fn fd(&self) -> RawFd {
        self.number
    }

    pub(crate) fn returncode(&self) -> Option<i32> {
        self.returncode.get()
    }

    /// The handle stays until this is dropped.
    pub(crate) fn retire(&self) {}

    /// Whether the descriptor goes when it [retires](Self::retire).
    pub(crate) fn has_own_descriptor(&self) -> bool {
        false
    }

    /// How it ended, if it has.
    pub(crate) fn try_wait(&self) -> io::Result<Option<i32>> {
        if self.returncode.get().is_none() {
            let status = self.child.borrow_mut().try_wait()?;
            self.returncode.set(status.and_then(|status| status.code()));
        }
        Ok(self.returncode.get())
    }

    /// SIGTERM and SIGKILL end it at once, as in Python; there are no others.
    pub(crate) fn signal(&self, signal: i32) -> io::Result<()> {
        match signal {
            SIGTERM | SIGKILL => self.child.borrow_mut().kill(),
            _ => Err(not_here("signals other than SIGTERM and SIGKILL")),
        }
    }

    /// Groups have no signals.
    pub(crate) fn signal_group(&self, _signal: i32) -> io::Result<()> {
        Err(not_here("signals for a process group"))
    }

    /// Nor can one be named when its first member is gone.
    pub(crate) fn group_outlives(&self) -> bool {
        false
    }

    /// Kills it, unless it has ended.
    pub(crate) fn end(&self) {
        if self.returncode.get().is_some() {
            return;
        }
        // It has ended, or is about to.
        let _ = self.signal(SIGKILL);
        let end = Instant::now() + MOMENT;
        while matches!(self.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::yield_now();
        }
        if self.returncode.get().is_none() {
            self.returncode.set(Some(1));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
        if self.number != CLOSED {
            forget(self.number);
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("pid", &self.pid()).field("returncode", &self.returncode.get()).finish()
    }
}

/// A function that would run in the child, right before its program. Python: `preexec_fn`.
///
/// For [`pre_exec`](crate::subprocess::CreateSubprocess::pre_exec), which is an error here.
#[derive(Debug)]
pub struct PreExec(());

impl PreExec {
    /// The function, which never runs.
    ///
    /// # Safety
    ///
    /// Nothing is asked of it on Windows; on other systems much is.
    pub unsafe fn new(_f: impl FnMut() -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(())
    }
}

/// What the child should do before its program runs: nothing can be done.
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
    fn check(&self) -> io::Result<()> {
        let Self { start_new_session, umask, user, group, extra_groups, pass_fds, pre_exec } = self;
        let wanted = [
            ("start_new_session", *start_new_session),
            ("umask", umask.is_some()),
            ("user", user.is_some()),
            ("group", group.is_some()),
            ("extra_groups", extra_groups.is_some()),
            ("pass_fds", !pass_fds.is_empty()),
            ("pre_exec", pre_exec.is_some()),
        ];
        wanted.iter().find(|(_, is_wanted)| *is_wanted).map_or(Ok(()), |(name, _)| Err(not_here(name)))
    }
}
