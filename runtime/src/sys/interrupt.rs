//! Ctrl-C as a flag, for the runner.
//!
//! The handler stores a flag and wakes the loop with one write. It is installed for one signal only: the system puts
//! the default action back as it delivers, so a second Ctrl-C ends the process whatever the program does.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::signals::{action, default, is_caught, set_action};
use super::{Unparker, errno, signals};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The unparker of the runner that listens, until it has heard of one Ctrl-C. It is leaked, once a listener, so that a
/// handler that is just running on another thread can never see it freed.
static LISTENER: AtomicPtr<Unparker> = AtomicPtr::new(ptr::null_mut());

extern "C" fn on_interrupt(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Release);
    let listener = LISTENER.swap(ptr::null_mut(), Ordering::AcqRel);
    if !listener.is_null() {
        // SAFETY: what is stored there is leaked and never freed.
        let listener = unsafe { &*listener };
        errno::kept(|| {
            // Nothing can be done about a write that failed: the flag is set.
            let _ = listener.unpark();
        });
    }
}

/// Listens to SIGINT while it lives; the former action is put back on drop, unless somebody else changed it since.
#[derive(Debug)]
pub(crate) struct Listener {
    _private: (),
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
        let (caught, inherited) = (is_caught(&present), signals::is_handler(&present));
        if present.sa_sigaction != libc::SIG_DFL && !caught && !inherited {
            return None;
        }
        INTERRUPTED.store(false, Ordering::Release);
        LISTENER.store(Box::into_raw(Box::new(unparker)), Ordering::Release);
        if !caught {
            install().ok()?;
        }
        Some(Self { _private: () })
    }

    /// Whether Ctrl-C came since the last look.
    pub(crate) fn take(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed) && INTERRUPTED.swap(false, Ordering::Acquire)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        LISTENER.store(ptr::null_mut(), Ordering::Release);
        if action(libc::SIGINT).is_ok_and(|action| is_handler(&action)) {
            // There is nobody to tell; the handler that stays only sets a flag.
            let _ = set_action(libc::SIGINT, &default());
        }
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
