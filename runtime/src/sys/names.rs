//! Names of unix sockets, as the system has them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use socket2::SockAddr;

use super::UnixAddress;

pub(super) fn bytes(name: &OsStr) -> &[u8] {
    name.as_bytes()
}

pub(super) fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

pub(super) fn to_system(name: &UnixAddress) -> io::Result<SockAddr> {
    match name {
        UnixAddress::Unnamed => SockAddr::unix(""),
        UnixAddress::Path(path) if bytes(path.as_os_str()).contains(&0) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "a path cannot contain a NUL"))
        }
        UnixAddress::Path(path) => SockAddr::unix(path),
        UnixAddress::Abstract(name) => SockAddr::unix(OsStr::from_bytes(&[b"\0", &name[..]].concat())),
    }
}

/// `None` if it is none of a unix socket.
pub(super) fn from_system(address: &SockAddr) -> Option<UnixAddress> {
    address.is_unix().then(|| match (address.as_pathname(), address.as_abstract_namespace()) {
        (Some(path), _) => UnixAddress::Path(path.to_owned()),
        (None, Some(name)) => UnixAddress::Abstract(name.to_owned()),
        (None, None) => UnixAddress::Unnamed,
    })
}
