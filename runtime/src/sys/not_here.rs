//! The error of what this system does not have, or this crate does not use on it.

use std::env::consts::OS;
use std::io;

use crate::exceptions::Error;

/// A `NotImplementedError`, on its way out of the system's room.
pub(super) fn not_here(what: &str) -> io::Error {
    Error::not_implemented(format!("{what}: not on {OS}")).into()
}
