//! `TransportPipe`: a look at the pipe of a transport, which keeps owning it.

use std::fmt;
use std::rc::Rc;

use crate::exceptions::Result;
use crate::sys::{Channel, OwnedFile, Pipe, RawFd};

/// Something with a pipe.
pub(crate) trait HasPipe {
    fn pipe(&self) -> &Pipe;
}

/// A view of a pipe that a transport owns. Python: the file object of `get_extra_info("pipe")`.
///
/// Once the owner has closed the pipe, [`fileno`](Self::fileno) is `None` and everything else fails.
#[derive(Clone)]
pub struct TransportPipe(Rc<dyn HasPipe>);

impl TransportPipe {
    pub(super) fn new(owner: Rc<dyn HasPipe>) -> Self {
        Self(owner)
    }

    /// The descriptor, `None` once it is closed. Python: `fileno()`.
    pub fn fileno(&self) -> Option<RawFd> {
        self.0.pipe().fileno()
    }

    /// A second descriptor for the same pipe, which the caller owns; it does not block as long as the transport is open.
    /// Python: `os.dup()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed, or no descriptor is left.
    pub fn dup(&self) -> Result<OwnedFile> {
        Ok(self.0.pipe().duplicate()?)
    }
}

impl fmt::Debug for TransportPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportPipe").field("fd", &self.fileno()).finish()
    }
}
