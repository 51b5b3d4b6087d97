//! The memory of a process, word by word.

use std::fs;
use std::io;

use super::rights;
use crate::exceptions::{Error, Result};
use crate::sys::read_memory;

/// Longer texts are cut: what is read may be anything by then.
const LONGEST: usize = 4096;

#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    pub(super) process: u32,
}

impl Memory {
    pub(super) fn of(process: u32) -> Result<Self> {
        if !cfg!(target_os = "linux") {
            let system = std::env::consts::OS;
            return Err(Error::not_implemented(format!("processes can be looked into on Linux, not on {system}")));
        }
        if !fs::exists(format!("/proc/{process}"))? {
            let gone = io::Error::from(io::ErrorKind::NotFound);
            return Err(Error::os_error_at(gone, format_args!("there is no process {process}")));
        }
        Ok(Self { process })
    }

    /// Whether its parent alone has still to hear of its end.
    pub(super) fn has_ended(self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process)).unwrap_or_default();
        // Behind the name, which may contain anything.
        stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with(['Z', 'X']))
    }

    pub(super) fn bytes(self, address: usize, into: &mut [u8]) -> io::Result<()> {
        read_memory(self.process, address, into)
    }

    pub(super) fn words(self, address: usize, count: usize) -> io::Result<Vec<usize>> {
        let mut bytes = vec![0; count * size_of::<usize>()];
        self.bytes(address, &mut bytes)?;
        let word = |bytes: &[u8]| usize::from_ne_bytes(bytes.try_into().expect("chunks have the size of a word"));
        Ok(bytes.chunks_exact(size_of::<usize>()).map(word).collect())
    }

    pub(super) fn word(self, address: usize) -> io::Result<usize> {
        Ok(self.words(address, 1)?[0])
    }

    pub(super) fn text(self, address: usize, len: usize) -> io::Result<String> {
        let mut bytes = vec![0; len.min(LONGEST)];
        self.bytes(address, &mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Why reading was refused, and what can be done about it.
    pub(super) fn refused(self, error: io::Error) -> Error {
        let process = self.process;
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Error::os_error_at(error, format_args!("process {process} cannot be read"));
        }
        let hint = rights::missing(process);
        Error::os_error_at(error, format_args!("process {process} may not be read: {hint}"))
    }
}
