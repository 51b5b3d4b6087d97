//! The system's resolver. It blocks, so it is called on threads that may; numbers it reads without blocking.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::windows::ffi::OsStrExt;
use std::ptr;

use socket2::{SockAddr, SockAddrStorage};
use windows_sys::Win32::Networking::WinSock::{
    ADDRINFOW, AF_INET, AF_INET6, AI_NUMERICHOST, AI_PASSIVE, FreeAddrInfoW, GetAddrInfoW, GetNameInfoW,
    NI_NUMERICHOST, NI_NUMERICSERV, SOCK_STREAM, WSAHOST_NOT_FOUND, WSANO_DATA, WSATYPE_NOT_FOUND,
};

use super::{Found, Hints};

pub(crate) const INET: i32 = AF_INET as i32;
pub(crate) const INET6: i32 = AF_INET6 as i32;
pub(crate) const STREAM: i32 = SOCK_STREAM;
/// The flag for addresses to listen at.
pub(crate) const PASSIVE: i32 = AI_PASSIVE as i32;

/// Services by number only, as in the system's headers.
const AI_NUMERICSERV: i32 = 8;
/// The longest texts that `GetNameInfoW` gives, as the system's headers have them.
const LONGEST_HOST: usize = 1025;
const LONGEST_SERVICE: usize = 32;

/// The addresses of a host and service, in the order in which the system prefers them. An empty text is none.
pub(crate) fn getaddrinfo(host: &str, service: &str, hints: Hints) -> io::Result<Vec<Found>> {
    super::os_socket::start();
    let (host, service) = (text(host)?, text(service)?);
    let pointer = |text: &Option<Vec<u16>>| text.as_ref().map_or(ptr::null(), Vec::as_ptr);
    let wanted = ADDRINFOW {
        ai_family: hints.family,
        ai_socktype: hints.socket_type,
        ai_protocol: hints.proto,
        ai_flags: hints.flags,
        ..ADDRINFOW::default()
    };
    let mut first: *mut ADDRINFOW = ptr::null_mut();
    // SAFETY: both texts end in NUL and live through the call, as `wanted` and `first` do.
    let code = unsafe { GetAddrInfoW(pointer(&host), pointer(&service), &raw const wanted, &raw mut first) };
    check(code)?;
    let list = List(first);
    let mut found = Vec::new();
    let mut next = list.0;
    // SAFETY: the list is the system's own and lives until `list` is dropped; each entry leads to the next or to null.
    while let Some(entry) = unsafe { next.as_ref() } {
        found.extend(read(entry));
        next = entry.ai_next;
    }
    Ok(found)
}

/// As [`getaddrinfo`], of a host and service that are numbers: it asks nobody and does not block.
pub(crate) fn getaddrinfo_numeric(host: &str, service: &str, hints: Hints) -> io::Result<Vec<Found>> {
    let flags = hints.flags | AI_NUMERICHOST as i32 | AI_NUMERICSERV;
    getaddrinfo(host, service, Hints { flags, ..hints })
}

/// Whether these flags of [`getnameinfo`] want numbers, for which nobody is asked.
pub(crate) fn wants_numbers(flags: i32) -> bool {
    let numeric = (NI_NUMERICHOST | NI_NUMERICSERV) as i32;
    flags & numeric == numeric
}

/// The names of an address and its port.
pub(crate) fn getnameinfo(address: &SocketAddr, flags: i32) -> io::Result<(String, String)> {
    super::os_socket::start();
    let address = SockAddr::from(*address);
    let (mut host, mut service) = ([0_u16; LONGEST_HOST], [0_u16; LONGEST_SERVICE]);
    // SAFETY: the address and both buffers live through the call, and each length is that of its buffer.
    let code = unsafe {
        GetNameInfoW(
            address.as_ptr().cast(),
            address.len(),
            host.as_mut_ptr(),
            LONGEST_HOST as u32,
            service.as_mut_ptr(),
            LONGEST_SERVICE as u32,
            flags,
        )
    };
    check(code)?;
    Ok((until_nul(&host), until_nul(&service)))
}

/// A list of the system's, given back when it is dropped.
struct List(*mut ADDRINFOW);

impl Drop for List {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it is a list of `GetAddrInfoW`'s, and given back once, here.
            unsafe { FreeAddrInfoW(self.0) }
        }
    }
}

/// One entry, if it is an address of the Internet's.
fn read(entry: &ADDRINFOW) -> Option<Found> {
    let mut storage = SockAddrStorage::zeroed();
    let length = entry.ai_addrlen.min(usize::try_from(storage.size_of()).ok()?);
    let into = (&raw mut storage).cast::<u8>();
    // SAFETY: the entry says where its address is and how long, and no more than `storage` has room for is copied.
    unsafe { ptr::copy_nonoverlapping(entry.ai_addr.cast::<u8>(), into, length) };
    // SAFETY: the storage holds an address of this length, which the system made.
    let address = unsafe { SockAddr::new(storage, i32::try_from(length).ok()?) };
    let canonname = (!entry.ai_canonname.is_null()).then(|| {
        // SAFETY: a name that is there ends in NUL, and lives as long as the list.
        let length = (0..).take_while(|index| unsafe { *entry.ai_canonname.add(*index) } != 0).count();
        // SAFETY: as above.
        String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(entry.ai_canonname, length) })
    });
    let (socket_type, proto) = (entry.ai_socktype, entry.ai_protocol);
    Some(Found { socket_type, proto, canonname, address: address.as_socket()? })
}

fn text(text: &str) -> io::Result<Option<Vec<u16>>> {
    if text.contains('\0') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name cannot contain a NUL"));
    }
    Ok((!text.is_empty()).then(|| OsStr::new(text).encode_wide().chain([0]).collect()))
}

fn until_nul(buffer: &[u16]) -> String {
    let end = buffer.iter().position(|unit| *unit == 0).unwrap_or(buffer.len());
    String::from_utf16_lossy(&buffer[..end])
}

/// What the resolver's code means.
fn check(code: i32) -> io::Result<()> {
    match code {
        0 => Ok(()),
        WSAHOST_NOT_FOUND | WSANO_DATA | WSATYPE_NOT_FOUND => {
            let text = io::Error::from_raw_os_error(code).to_string();
            Err(io::Error::new(io::ErrorKind::NotFound, text))
        }
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
