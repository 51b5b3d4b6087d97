//! `SubprocessTransport`: steers a child and gives its pipes.

use std::fmt;
use std::rc::Rc;

use super::child::Running;
use crate::exceptions::Result;
use crate::signals::Signal;
use crate::transports::Transport;

/// A child process. Python: `asyncio.SubprocessTransport`.
///
/// A clonable handle that stays on the loop's thread. Dropping it ends nothing.
#[derive(Clone)]
pub struct SubprocessTransport(Rc<Running>);

impl SubprocessTransport {
    pub(super) fn new(running: Rc<Running>) -> Self {
        Self(running)
    }

    pub(super) fn running(&self) -> &Rc<Running> {
        &self.0
    }

    /// The number of the process; of the shell, if one was started. Python: `get_pid()`.
    pub fn get_pid(&self) -> u32 {
        self.0.child().pid()
    }

    /// How it ended: its exit code, or `-N` for signal N; `None` while it runs. Python: `get_returncode()`.
    ///
    /// 255, with a warning in the log, if somebody else has reaped it.
    pub fn get_returncode(&self) -> Option<i32> {
        self.0.child().returncode()
    }

    /// The transport of a pipe: 0 to write to, 1 and 2 to read from. `None` if that stream is no pipe. Python:
    /// `get_pipe_transport()`.
    pub fn get_pipe_transport(&self, fd: i32) -> Option<Transport> {
        self.0.pipe(fd)
    }

    /// Sends a signal. Python: `send_signal()`.
    ///
    /// The signal reaches this child or nobody, also when its number has become another process's.
    ///
    /// # Errors
    ///
    /// `OsError` with the number `ESRCH` once the child has ended, Python's `ProcessLookupError`; or if the system
    /// refuses. One that has ended without the loop's having noticed takes the signal without effect.
    pub fn send_signal(&self, signal: Signal) -> Result<()> {
        self.0.signal(signal.as_raw())
    }

    /// Asks it to end, with SIGTERM. Python: `terminate()`.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](Self::send_signal).
    pub fn terminate(&self) -> Result<()> {
        self.send_signal(Signal::SIGTERM)
    }

    /// Ends it, with SIGKILL. Python: `kill()`.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](Self::send_signal).
    pub fn kill(&self) -> Result<()> {
        self.send_signal(Signal::SIGKILL)
    }

    /// Closes all pipes and kills the child if it still runs. Python: `close()`.
    ///
    /// Then `process_exited` and `connection_lost` are called, never from inside this call. Calling it twice is harmless.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether it was closed, or everything has ended. Python: `is_closing()`.
    pub fn is_closing(&self) -> bool {
        self.0.is_closing()
    }
}

impl PartialEq for SubprocessTransport {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SubprocessTransport {}

impl fmt::Debug for SubprocessTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
