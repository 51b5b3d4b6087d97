//! Names of unix sockets, which are none of Windows's.

use std::ffi::{OsStr, OsString};
use std::io;

use socket2::SockAddr;

use super::UnixAddress;
use super::not_here::not_here;

pub(super) fn bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

pub(super) fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

pub(super) fn to_system(_name: &UnixAddress) -> io::Result<SockAddr> {
    Err(not_here("unix sockets"))
}

pub(super) fn from_system(_address: &SockAddr) -> Option<UnixAddress> {
    None
}
