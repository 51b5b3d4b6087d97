//! Reading the memory of another process of the same user, and allowing others to.

use std::io;

/// Copies what stands at an address of another process; an error if not all of it can be read.
#[cfg(target_os = "linux")]
pub(crate) fn read_memory(process: u32, address: usize, into: &mut [u8]) -> io::Result<()> {
    let process = i32::try_from(process).map_err(io::Error::other)?;
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: std::ptr::without_provenance_mut(address), iov_len: into.len() };
    // SAFETY: the one local piece is the slice; what cannot be read of the other process is an error.
    let read = unsafe { libc::process_vm_readv(process, &local, 1, &remote, 1, 0) };
    match usize::try_from(read) {
        Ok(read) if read == into.len() => Ok(()),
        Ok(_) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Copies what stands at an address of another process; not on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read_memory(_process: u32, _address: usize, _into: &mut [u8]) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Lets any process of the same user read this one, where the system asks for that.
#[cfg(target_os = "linux")]
pub(crate) fn allow_reading() {
    // SAFETY: the call takes numbers. Where the system has no such rule it fails, and nothing is to be allowed.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY, 0, 0, 0) };
}

/// Not needed on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn allow_reading() {}

/// The system's number of this thread; zero where there is none.
#[cfg(target_os = "linux")]
pub(crate) fn thread_number() -> usize {
    // SAFETY: the call cannot fail.
    usize::try_from(unsafe { libc::gettid() }).unwrap_or_default()
}

/// The system's number of this thread; zero where there is none.
#[cfg(not(target_os = "linux"))]
pub(crate) fn thread_number() -> usize {
    0
}
