//! Ctrl-C as a flag, for the runner.
//!
//! The handler stores a flag and wakes the loop with one write. It is installed for one signal only: the system puts
//! the default action back as it delivers, so a second Ctrl-C ends the process whatever the program does.

use std::io;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::Unparker;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The unparker of the runner that listens. It is leaked, once a listener, so that a handler that is just running on
/// another thread can never see it freed.
static LISTENER: AtomicPtr<Unparker> = AtomicPtr::new(ptr::null_mut());

extern "C" fn on_interrupt(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Release);
    let listener = LISTENER.load(Ordering::Acquire);
    if !listener.is_null() {
        // SAFETY: what is stored there is leaked and never freed.
        let listener = unsafe { &*listener };
        // A handler must leave errno as it found it, and can do nothing about a write that failed: the flag is set.
        let errno = io::Error::last_os_error().raw_os_error();
        let _ = listener.unpark();
        set_errno(errno.unwrap_or(0));
    }
}

#[cfg(any(target_os = "linux", target_os = "emscripten"))]
fn set_errno(errno: i32) {
    // SAFETY: the address of this thread's errno is always valid.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above, and nobody else writes to this thread's errno.
    unsafe { *place = errno };
}

#[cfg(not(any(target_os = "linux", target_os = "emscripten")))]
fn set_errno(_errno: i32) {}

/// Listens to SIGINT while it lives; the former action is put back on drop, unless somebody else changed it since.
#[derive(Debug)]
pub(crate) struct Listener {
    _private: (),
}

impl Listener {
    /// Starts listening, if this is the main thread and the signal has its default action. Else `None`.
    pub(crate) fn start(unparker: Unparker) -> Option<Self> {
        if !is_main_thread() || current_action()? != libc::SIG_DFL {
            return None;
        }
        INTERRUPTED.store(false, Ordering::Release);
        LISTENER.store(Box::into_raw(Box::new(unparker)), Ordering::Release);
        set_action(on_interrupt as *const () as libc::sighandler_t, libc::SA_RESTART | libc::SA_RESETHAND).ok()?;
        Some(Self { _private: () })
    }

    /// Whether Ctrl-C came since the last look.
    pub(crate) fn take(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed) && INTERRUPTED.swap(false, Ordering::Acquire)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if current_action() == Some(on_interrupt as *const () as libc::sighandler_t) {
            // There is nobody to tell; the handler that stays only sets a flag.
            let _ = set_action(libc::SIG_DFL, 0);
        }
        LISTENER.store(ptr::null_mut(), Ordering::Release);
    }
}

fn current_action() -> Option<libc::sighandler_t> {
    // SAFETY: all zeroes is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: a null new action only reads the present one.
    let result = unsafe { libc::sigaction(libc::SIGINT, ptr::null(), &mut action) };
    (result == 0).then_some(action.sa_sigaction)
}

fn set_action(handler: libc::sighandler_t, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: all zeroes is a valid `sigaction` with an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: the handler does only what a signal handler may: atomics and one write.
    let result = unsafe { libc::sigaction(libc::SIGINT, &action, ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether this is the thread that the process started with, the only one on which Python's asyncio takes signals.
fn is_main_thread() -> bool {
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
