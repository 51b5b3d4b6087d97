//! Ctrl-C as a flag, for the runner.
//!
//! The handler stores a flag and wakes the loop with one write. It is installed for one signal only: the system puts
//! the default action back as it delivers, so a second Ctrl-C ends the process whatever the program does.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread;

use super::signals::{action, default, is_caught, set_action};
use super::{Unparker, errno, signals};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The unparker of the runner that listens, until it has heard of one Ctrl-C.
static LISTENER: AtomicPtr<Unparker> = AtomicPtr::new(ptr::null_mut());
/// How many handlers run right now, which may hold what was in `LISTENER`.
static HANDLING: AtomicUsize = AtomicUsize::new(0);
/// How often a listener that goes looks whether a handler still runs. More than its few instructions need.
const LOOKS: usize = 1000;

extern "C" fn on_interrupt(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Release);
    // One order for all, here and where the listener goes: a handler that found it is counted when that looks.
    HANDLING.fetch_add(1, Ordering::SeqCst);
    let listener = LISTENER.swap(ptr::null_mut(), Ordering::SeqCst);
    if !listener.is_null() {
        // SAFETY: it is not freed before this handler is counted out.
        let listener = unsafe { &*listener };
        errno::kept(|| {
            // Nothing can be done about a write that failed: the flag is set.
            let _ = listener.unpark();
        });
    }
    HANDLING.fetch_sub(1, Ordering::SeqCst);
}

/// Listens to SIGINT while it lives; the former action is put back on drop, unless somebody else changed it since.
#[derive(Debug)]
pub(crate) struct Listener {
    unparker: *mut Unparker,
}

impl Listener {
    /// Starts listening, if this is the main thread and the signal has its default action. Else `None`.
    ///
    /// While `add_signal_handler` has the signal, listening begins when that gives it back.
    pub(crate) fn start(unparker: Unparker) -> Option<Self> {
        if !is_main_thread() {
            return None;
        }
        let present = action(libc::SIGINT).ok()?;
        // What a child of a fork has inherited of its parent's handlers does nothing, so it is taken over.
        if present.sa_sigaction != libc::SIG_DFL && !signals::is_handler(&present) {
            return None;
        }
        let caught = is_caught(&present);
        INTERRUPTED.store(false, Ordering::Release);
        let listener = Self { unparker: Box::into_raw(Box::new(unparker)) };
        LISTENER.store(listener.unparker, Ordering::SeqCst);
        if !caught {
            install().ok()?;
        }
        Some(listener)
    }

    /// Whether Ctrl-C came since the last look.
    pub(crate) fn take(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed) && INTERRUPTED.swap(false, Ordering::Acquire)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        LISTENER.store(ptr::null_mut(), Ordering::SeqCst);
        if action(libc::SIGINT).is_ok_and(|action| is_handler(&action)) {
            // There is nobody to tell; the handler that stays only sets a flag.
            let _ = set_action(libc::SIGINT, &default());
        }
        for _ in 0..LOOKS {
            if HANDLING.load(Ordering::SeqCst) == 0 {
                // SAFETY: it was made by `into_raw`; nobody finds it any more, and whoever had found it is done.
                drop(unsafe { Box::from_raw(self.unparker) });
                return;
            }
            thread::yield_now();
        }
        // A handler that was running on another thread when this process was forked is counted for ever here. Then the
        // unparker is leaked.
    }
}

/// A handler of the user's has gone: whoever listens hears of Ctrl-C again. False: nobody does.
pub(super) fn resume() -> bool {
    !LISTENER.load(Ordering::Acquire).is_null() && install().is_ok()
}

pub(super) fn is_handler(action: &libc::sigaction) -> bool {
    action.sa_sigaction == on_interrupt as *const () as libc::sighandler_t
}

fn install() -> io::Result<()> {
    let mut action = default();
    action.sa_sigaction = on_interrupt as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART | libc::SA_RESETHAND;
    set_action(libc::SIGINT, &action)
}

/// Whether this is the thread that the process started with, the only one on which Python's asyncio takes signals.
pub(super) fn is_main_thread() -> bool {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: neither call can fail.
        let (thread, process) = (unsafe { libc::gettid() }, unsafe { libc::getpid() });
        thread == process
    }
    #[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "openbsd", target_os = "netbsd"))]
    {
        // SAFETY: the call cannot fail.
        unsafe { libc::pthread_main_np() == 1 }
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        target_os = "openbsd",
        target_os = "netbsd"
    )))]
    {
        std::thread::current().name() == Some("main")
    }
}
