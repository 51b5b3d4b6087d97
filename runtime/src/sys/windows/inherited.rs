//! Windows has no service manager that leaves descriptors open.

use std::io;

use super::not_here::not_here;
use super::{OwnedFd, RawFd};

/// The process of the caller, as others name it.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// There is nothing to take over.
pub(crate) fn take_inherited(_count: u16) -> Result<Option<Vec<OwnedFd>>, (RawFd, io::Error)> {
    Err((3, not_here("sockets from a service manager")))
}
