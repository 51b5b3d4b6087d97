//! Socket activation: listening sockets that a service manager has opened before it started this process.
//!
//! The protocol is systemd's, which others speak too: three variables of the environment, and descriptors from 3 on.

use std::env::{self, VarError};

use crate::exceptions::{Error, Result};
use crate::sys::{self, OwnedFd};

const PID: &str = "LISTEN_PID";
const FDS: &str = "LISTEN_FDS";
const NAMES: &str = "LISTEN_FDNAMES";

/// A socket that a service manager has opened for this process. See [`listen_fds`].
#[derive(Debug)]
pub struct ListenFd {
    name: String,
    fd: OwnedFd,
}

impl ListenFd {
    /// The name that the service manager has for it, `FileDescriptorName=` with systemd; empty if it gave none.
    pub fn name(&self) -> &str {
        &self.name
    }
}

crate::sys::owns_a_socket!(ListenFd, fd);

/// The sockets that a service manager has opened for this process, in its order; none if it was started otherwise.
///
/// Give them to [`create_server_with_socks`](crate::EventLoop::create_server_with_socks), or those of one
/// [`name`](ListenFd::name) to a server of their own. The variables `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` say
/// what there is, as systemd sets them; where `LISTEN_PID` is another process they are not meant for this one. The
/// descriptors are given out once in a process, and its children do not inherit them. Python has no counterpart.
///
/// # Errors
///
/// `ValueError` that names the variable if it makes no sense; `OsError` if a descriptor is no socket; `RuntimeError` the
/// second time.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// for socket in asyncio::listen_fds()? {
///     println!("{:?} was opened for this service", socket.name());
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "sd_listen_fds")]
pub fn listen_fds() -> Result<Vec<ListenFd>> {
    let names = read(&variable(PID)?, &variable(FDS)?, &variable(NAMES)?, sys::process_id())?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let count = u16::try_from(names.len()).expect("the number was read as one");
    let taken = sys::take_inherited(count).map_err(|(fd, error)| {
        Error::os_error_at(error, format_args!("descriptor {fd}, which is there according to {FDS}={count}"))
    })?;
    let fds = taken.ok_or_else(|| Error::runtime_error("listen_fds() gives each socket out once, and has done so"))?;
    Ok(names.into_iter().zip(fds).map(|(name, fd)| ListenFd { name, fd }).collect())
}

/// A variable's value; empty if there is none.
fn variable(name: &str) -> Result<String> {
    match env::var(name) {
        Ok(value) => Ok(value),
        Err(VarError::NotPresent) => Ok(String::new()),
        Err(VarError::NotUnicode(value)) => Err(bad(name, &value.to_string_lossy(), "is not in UTF-8")),
    }
}

/// The name of each descriptor that there is for the process `me`.
fn read(pid: &str, fds: &str, names: &str, me: u32) -> Result<Vec<String>> {
    if pid.is_empty() || fds.is_empty() {
        return Ok(Vec::new());
    }
    if pid.parse::<u32>().map_err(|_| bad(PID, pid, "is not the number of a process"))? != me {
        return Ok(Vec::new());
    }
    let count: u16 = fds.parse().map_err(|_| bad(FDS, fds, "is not a number of descriptors"))?;
    let count = usize::from(count);
    if names.is_empty() {
        return Ok(vec![String::new(); count]);
    }
    let names: Vec<String> = names.split(':').map(str::to_owned).collect();
    if names.len() != count {
        let text = format!("has {} names, and {FDS} is {count}", names.len());
        return Err(bad(NAMES, &names.join(":"), &text));
    }
    Ok(names)
}

fn bad(variable: &str, value: &str, text: &str) -> Error {
    Error::value_error(format!("the environment variable {variable}={value:?} {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pid: &str, fds: &str, names: &str) -> Vec<String> {
        read(pid, fds, names, 7).unwrap()
    }

    #[test]
    fn a_process_that_was_started_otherwise_has_none() {
        assert!(names("", "", "").is_empty());
        assert!(names("", "3", "").is_empty());
        assert!(names("7", "", "").is_empty());
        assert!(names("8", "3", "").is_empty(), "they are somebody else's");
        assert!(names("7", "0", "").is_empty());
    }

    #[test]
    fn each_descriptor_has_a_name_which_may_be_empty() {
        assert_eq!(names("7", "2", ""), ["", ""]);
        assert_eq!(names("7", "2", "http:"), ["http", ""]);
        assert_eq!(names("7", "1", "unknown"), ["unknown"]);
    }

    #[test]
    fn what_makes_no_sense_is_an_error_that_names_the_variable() {
        for (pid, fds, names, culprit) in [
            ("me", "1", "", PID),
            ("-7", "1", "", PID),
            ("7", "many", "", FDS),
            ("7", "-1", "", FDS),
            ("7", "70000", "", FDS),
            ("7", "1", "a:b", NAMES),
            ("7", "0", "a", NAMES),
        ] {
            let error = read(pid, fds, names, 7).unwrap_err();
            assert!(matches!(error, Error::ValueError(_)) && error.to_string().contains(culprit), "{error}");
        }
    }
}
