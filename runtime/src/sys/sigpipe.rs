//! SIGPIPE, which the system sends to who writes into a pipe that nobody reads.
//!
//! Rust's programs ignore it from the start, unless they ask for the default action, which is to end the process.
//! Sockets have a flag against it, pipes have none.

use std::io;
use std::ptr;

use super::signals;

/// Whether the signal would end the process.
pub(super) fn is_deadly() -> bool {
    signals::action(libc::SIGPIPE).is_ok_and(|action| action.sa_sigaction == libc::SIG_DFL)
}

/// Runs `write` so that a reader who is gone is its error only. The signal goes to the thread that writes, so it is
/// enough to hold it back there, and to take it away if it came.
pub(super) fn held_back<T>(write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let only_it = set();
    let mut before = signals::no_signals();
    // SAFETY: both sets are valid, and live through the call, which writes to the second.
    let failed = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &only_it, &mut before) };
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    let was_pending = is_pending();
    let result = write();
    if !was_pending && is_pending() {
        let mut number = 0;
        // SAFETY: both pointers are valid. It does not wait: the signal is there, and this thread's own.
        unsafe { libc::sigwait(&only_it, &mut number) };
    }
    // SAFETY: the set is what the system gave out above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut()) };
    result
}

/// The set of this one signal.
fn set() -> libc::sigset_t {
    let mut set = signals::no_signals();
    // SAFETY: the set is valid, and lives through the call.
    unsafe { libc::sigaddset(&mut set, libc::SIGPIPE) };
    set
}

fn is_pending() -> bool {
    let mut pending = signals::no_signals();
    // SAFETY: the set is valid, and lives through the call, which writes to it.
    unsafe { libc::sigpending(&mut pending) };
    // SAFETY: the set is valid.
    unsafe { libc::sigismember(&pending, libc::SIGPIPE) == 1 }
}
