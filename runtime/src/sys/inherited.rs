//! Descriptors that whoever started the process has left open for it.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// The first one that a service manager passes; those before it are the standard streams.
const FIRST: RawFd = 3;

/// The process of the caller, as others name it.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// Takes over the first `count` descriptors after the standard streams, if they are all sockets; else the error says
/// which one is not. `None`: they were taken before.
pub(crate) fn take_inherited(count: u16) -> Result<Option<Vec<OwnedFd>>, (RawFd, io::Error)> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    // Their numbers may be anybody's by now.
    if TAKEN.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let fds = FIRST..FIRST + RawFd::from(count);
    for fd in fds.clone() {
        let mut kind: libc::c_int = 0;
        let mut length = size_of::<libc::c_int>() as libc::socklen_t;
        let (value, length) = ((&raw mut kind).cast(), &raw mut length);
        // SAFETY: the descriptor need not be open; `kind` and `length` live through the call, and `length` is the size
        // of `kind`.
        if unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_TYPE, value, length) } < 0 {
            return Err((fd, io::Error::last_os_error()));
        }
    }
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(None);
    }
    let take = |fd| {
        // SAFETY: sets a flag of a socket that was open just now; no memory is involved.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        // SAFETY: it is open, and the caller knows from the service manager that it was left for this process: nobody
        // else in it owns the number. `TAKEN` sees to it that it is given out once.
        unsafe { OwnedFd::from_raw_fd(fd) }
    };
    Ok(Some(fds.map(take).collect()))
}
