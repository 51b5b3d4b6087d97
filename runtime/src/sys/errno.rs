//! The thread's `errno`, which a signal handler must leave as it found it.

use std::io;

/// Calls `f`, and puts back what `errno` was before.
pub(super) fn kept(f: impl FnOnce()) {
    let errno = io::Error::last_os_error().raw_os_error();
    f();
    set(errno.unwrap_or(0));
}

fn set(errno: i32) {
    #[cfg(any(target_os = "linux", target_os = "emscripten"))]
    // SAFETY: the address of this thread's errno is always valid.
    let place = unsafe { libc::__errno_location() };
    #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
    // SAFETY: as above.
    let place = unsafe { libc::__error() };
    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    // SAFETY: as above.
    let place = unsafe { libc::__errno() };
    // SAFETY: it is valid, and nobody else writes to this thread's errno.
    unsafe { *place = errno };
}
