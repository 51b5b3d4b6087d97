//! The system's resolver. It blocks, so it is called on threads that may; numbers it reads without blocking.

use std::ffi::{CStr, CString};
use std::io;
use std::net::SocketAddr;
use std::ptr;

use socket2::{SockAddr, SockAddrStorage};

use super::{Found, Hints};

pub(crate) const INET: i32 = libc::AF_INET;
pub(crate) const INET6: i32 = libc::AF_INET6;
pub(crate) const STREAM: i32 = libc::SOCK_STREAM;
/// The flag for addresses to listen at.
pub(crate) const PASSIVE: i32 = libc::AI_PASSIVE;

/// The longest texts that `getnameinfo` gives, as the system's headers have them.
const LONGEST_HOST: usize = 1025;
const LONGEST_SERVICE: usize = 32;

/// The addresses of a host and service, in the order in which the system prefers them. An empty text is none.
pub(crate) fn getaddrinfo(host: &str, service: &str, hints: Hints) -> io::Result<Vec<Found>> {
    let (host, service) = (text(host)?, text(service)?);
    let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
    // SAFETY: all-zero is a value of this plain struct, and the one that means "anything".
    let mut wanted: libc::addrinfo = unsafe { std::mem::zeroed() };
    wanted.ai_family = hints.family;
    wanted.ai_socktype = hints.socket_type;
    wanted.ai_protocol = hints.proto;
    wanted.ai_flags = hints.flags;
    let mut first: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: both texts end in NUL and live through the call, as `wanted` and `first` do.
    let code = unsafe { libc::getaddrinfo(pointer(&host), pointer(&service), &raw const wanted, &raw mut first) };
    check(code).map_err(|error| match &service {
        // The host is the caller's to name.
        Some(service) if code == libc::EAI_SERVICE => io::Error::new(error.kind(), format!("{error}: {service:?}")),
        _ => error,
    })?;
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
    let flags = hints.flags | libc::AI_NUMERICHOST | libc::AI_NUMERICSERV;
    getaddrinfo(host, service, Hints { flags, ..hints })
}

/// Whether these flags of [`getnameinfo`] want numbers, for which nobody is asked.
pub(crate) fn wants_numbers(flags: i32) -> bool {
    let numeric = libc::NI_NUMERICHOST | libc::NI_NUMERICSERV;
    flags & numeric == numeric
}

/// The names of an address and its port.
pub(crate) fn getnameinfo(address: &SocketAddr, flags: i32) -> io::Result<(String, String)> {
    let address = SockAddr::from(*address);
    let mut host = [0; LONGEST_HOST];
    let mut service = [0; LONGEST_SERVICE];
    // SAFETY: the address and both buffers live through the call, and each length is that of its buffer.
    let code = unsafe {
        libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            host.as_mut_ptr().cast(),
            LONGEST_HOST as _,
            service.as_mut_ptr().cast(),
            LONGEST_SERVICE as _,
            flags,
        )
    };
    check(code)?;
    Ok((until_nul(&host), until_nul(&service)))
}

/// A list of the system's, given back when it is dropped.
struct List(*mut libc::addrinfo);

impl Drop for List {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it is a list of `getaddrinfo`'s, and given back once, here.
            unsafe { libc::freeaddrinfo(self.0) }
        }
    }
}

/// One entry, if it is an address of the Internet's.
fn read(entry: &libc::addrinfo) -> Option<Found> {
    let mut storage = SockAddrStorage::zeroed();
    let length = entry.ai_addrlen.min(storage.size_of());
    let into = (&raw mut storage).cast::<u8>();
    // SAFETY: the entry says where its address is and how long, and no more than `storage` has room for is copied.
    unsafe { ptr::copy_nonoverlapping(entry.ai_addr.cast::<u8>(), into, length as usize) };
    // SAFETY: the storage holds an address of this length, which the system made.
    let address = unsafe { SockAddr::new(storage, length) };
    let canonname = (!entry.ai_canonname.is_null()).then(|| {
        // SAFETY: a name that is there ends in NUL, and lives as long as the list.
        unsafe { CStr::from_ptr(entry.ai_canonname) }.to_string_lossy().into_owned()
    });
    let (socket_type, proto) = (entry.ai_socktype, entry.ai_protocol);
    Some(Found { socket_type, proto, canonname, address: address.as_socket()? })
}

fn text(text: &str) -> io::Result<Option<CString>> {
    if text.is_empty() { Ok(None) } else { Ok(Some(CString::new(text)?)) }
}

fn until_nul(buffer: &[u8]) -> String {
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(buffer.len());
    String::from_utf8_lossy(&buffer[..end]).into_owned()
}

/// What the resolver's code means.
fn check(code: i32) -> io::Result<()> {
    let kind = match code {
        0 => return Ok(()),
        libc::EAI_SYSTEM => return Err(io::Error::last_os_error()),
        libc::EAI_NONAME => io::ErrorKind::NotFound,
        libc::EAI_MEMORY => io::ErrorKind::OutOfMemory,
        _ => io::ErrorKind::Other,
    };
    // SAFETY: it takes any number.
    let text = unsafe { libc::gai_strerror(code) };
    // SAFETY: the system has a text that ends in NUL, and lives for ever, for every code.
    let text = unsafe { CStr::from_ptr(text) };
    Err(io::Error::new(kind, text.to_string_lossy().into_owned()))
}
