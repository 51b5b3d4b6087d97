//! Ctrl-C as a flag, for the runner. Type-checked, and never run so far.
//!
//! The system calls the handler on a thread of its own. It is for one Ctrl-C: a second one ends the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use windows_sys::Win32::System::Console::{CTRL_C_EVENT, SetConsoleCtrlHandler};

use super::Unparker;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The unparker of the runner that listens, until it has heard of one Ctrl-C.
static LISTENER: Mutex<Option<Unparker>> = Mutex::new(None);

unsafe extern "system" fn on_event(event: u32) -> i32 {
    if event != CTRL_C_EVENT {
        return 0;
    }
    let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(listener) = listener else { return 0 };
    INTERRUPTED.store(true, Ordering::Release);
    // Nothing can be done about a wake-up that failed: the flag is set.
    let _ = listener.unpark();
    1
}

/// Listens to Ctrl-C while it lives.
#[derive(Debug)]
pub(crate) struct Listener(());

impl Listener {
    /// Starts listening, if this is the main thread. Else `None`.
    pub(crate) fn start(unparker: Unparker) -> Option<Self> {
        static INSTALLED: Once = Once::new();
        if thread::current().name() != Some("main") {
            return None;
        }
        INTERRUPTED.store(false, Ordering::Release);
        *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(unparker);
        INSTALLED.call_once(|| {
            // SAFETY: the handler is a function that lives for ever. Where there is no console there is no Ctrl-C.
            unsafe { SetConsoleCtrlHandler(Some(on_event), 1) };
        });
        Some(Self(()))
    }

    /// Whether Ctrl-C came since the last look.
    pub(crate) fn take(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed) && INTERRUPTED.swap(false, Ordering::Acquire)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
