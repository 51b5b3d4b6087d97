//! Signals as bytes in a pipe, and what the system did before they were caught.
//!
//! The handler writes the number of its signal to a pipe, so the loop gets signals in the order in which they came,
//! one byte for each time the system delivered one. The pipe is the process's and is never closed: a handler that is
//! just running on another thread must not write to a descriptor that has become another file's. A child of a `fork`
//! shares the pipe; the handler does nothing there until the child makes a pipe of its own.
//!
//! ```text
//!   system ── on_signal (any thread) ──▶ pipe ──▶ poller ──▶ Incoming::take (the loop of the main thread)
//!                     └─ pipe is full: ──▶ LEFT_OVER[signal] ──▶┘
//! ```

use std::io;
use std::mem;
use std::os::fd::{IntoRawFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use mio::unix::pipe;

use super::{child, errno, interrupt};

/// Every system's signals have smaller numbers.
const NUMBERS: usize = 129;
/// No signal: only wakes.
const WAKE: u8 = 0;

/// The process that made the pipe; no process has number 0.
static OWNER: AtomicI32 = AtomicI32::new(0);
static READ_END: AtomicI32 = AtomicI32::new(-1);
static WRITE_END: AtomicI32 = AtomicI32::new(-1);
/// The process in which a loop takes signals.
static CLAIMED: AtomicI32 = AtomicI32::new(0);
/// What found no room in the pipe, because the loop did not look for tens of thousands of signals.
static LEFT_OVER: [AtomicBool; NUMBERS] = [const { AtomicBool::new(false) }; NUMBERS];

/// Runs on any thread at any moment: only atomics, `getpid` and `write`.
extern "C" fn on_signal(signal: libc::c_int) {
    errno::kept(|| {
        if signal == libc::SIGCHLD {
            child::poke();
        }
        if OWNER.load(Ordering::Acquire) != process() {
            return;
        }
        let Ok(byte) = u8::try_from(signal) else { return };
        if write(byte) {
            return;
        }
        if let Some(left_over) = LEFT_OVER.get(usize::from(byte)) {
            left_over.store(true, Ordering::Release);
            // The loop may have emptied the pipe in between. Where this fails too, it has yet to, and looks then.
            write(WAKE);
        }
    });
}

/// False: the pipe is full.
fn write(byte: u8) -> bool {
    let pipe = WRITE_END.load(Ordering::Relaxed);
    // SAFETY: one byte is read from this frame; the descriptor is never closed, and never blocks.
    let written = unsafe { libc::write(pipe, ptr::from_ref(&byte).cast(), 1) };
    written == 1
}

/// Unlike the generation in `fork`, right from the first moment of a child on.
fn process() -> i32 {
    // SAFETY: the call cannot fail.
    unsafe { libc::getpid() }
}

/// Why no signals can be had.
#[derive(Debug)]
pub(crate) enum Refused {
    NotMainThread,
    /// Another loop takes them.
    Claimed,
    System(io::Error),
}

/// The right to the signals of the process, which one loop has at a time. Given back on drop.
#[derive(Debug)]
pub(crate) struct Incoming {
    process: i32,
}

impl Incoming {
    pub(crate) fn claim() -> Result<Self, Refused> {
        if !interrupt::is_main_thread() {
            return Err(Refused::NotMainThread);
        }
        let process = process();
        if CLAIMED.load(Ordering::Relaxed) == process {
            return Err(Refused::Claimed);
        }
        if OWNER.load(Ordering::Relaxed) != process {
            let (sender, receiver) = pipe::new().map_err(Refused::System)?;
            READ_END.store(receiver.into_raw_fd(), Ordering::Relaxed);
            WRITE_END.store(sender.into_raw_fd(), Ordering::Relaxed);
            // Release: a handler that sees the owner sees the pipe.
            OWNER.store(process, Ordering::Release);
        }
        CLAIMED.store(process, Ordering::Relaxed);
        let incoming = Self { process };
        // What came for a loop that is gone, or for the parent of this process.
        while incoming.take(|_| ()).map_err(Refused::System)? {}
        Ok(incoming)
    }

    /// To be watched for reading, edge-triggered.
    pub(crate) fn fd(&self) -> RawFd {
        READ_END.load(Ordering::Relaxed)
    }

    /// Hands out what came, in order. True: there may be more.
    pub(crate) fn take(&self, mut each: impl FnMut(i32)) -> io::Result<bool> {
        let mut bytes = [0_u8; 256];
        // SAFETY: the buffer is this frame's; the descriptor is never closed, and never blocks.
        let read = unsafe { libc::read(self.fd(), bytes.as_mut_ptr().cast(), bytes.len()) };
        let read = match usize::try_from(read) {
            Ok(read) => read,
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::WouldBlock => 0,
                error => return Err(error),
            },
        };
        bytes[..read].iter().filter(|byte| **byte != WAKE).for_each(|byte| each(i32::from(*byte)));
        let more = read == bytes.len();
        if !more {
            let left_over = LEFT_OVER.iter().enumerate();
            let left_over =
                left_over.filter(|(_, flag)| flag.load(Ordering::Relaxed) && flag.swap(false, Ordering::Acquire));
            left_over.filter_map(|(number, _)| i32::try_from(number).ok()).for_each(each);
        }
        Ok(more)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // A child of a fork may have a claim of its own.
        if self.process == process() {
            CLAIMED.store(0, Ordering::Relaxed);
        }
    }
}

/// A signal that goes into the pipe. What the system did with it before is put back on drop, unless somebody else has
/// changed that since.
pub(crate) struct Caught {
    signal: i32,
    former: libc::sigaction,
    process: i32,
}

impl Caught {
    pub(crate) fn catch(signal: i32) -> io::Result<Self> {
        let mut former = action(signal)?;
        set_action(signal, &ours())?;
        if is_handler(&former) {
            // It comes from the parent of this process.
            former = default();
        }
        Ok(Self { signal, former, process: process() })
    }

    /// Once more, should somebody else have taken the signal.
    pub(crate) fn again(&self) -> io::Result<()> {
        set_action(self.signal, &ours())
    }

    fn put_back(&self) -> io::Result<()> {
        if self.process != process() || !is_handler(&action(self.signal)?) {
            return Ok(());
        }
        let unheard = self.former.sa_sigaction == libc::SIG_DFL || interrupt::is_handler(&self.former);
        if self.signal != libc::SIGINT || !unheard {
            set_action(self.signal, &self.former)?;
            return if self.signal == libc::SIGCHLD { child::resume() } else { Ok(()) };
        }
        // The runner that was there may be gone; another one may have come, and listens below this handler.
        if interrupt::resume() { Ok(()) } else { set_action(self.signal, &default()) }
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        if let Err(error) = self.put_back() {
            crate::log::record!(
                error,
                "ASY0026: what signal {} did before could not be put back: {error}",
                self.signal
            );
        }
    }
}

/// Whether the system has a signal of this number that programs may use.
pub(crate) fn is_valid(signal: i32) -> bool {
    let mut all = no_signals();
    // SAFETY: the set lives through the call.
    unsafe { libc::sigfillset(&mut all) };
    // SAFETY: as above; a number that is none is an error, not a fault.
    unsafe { libc::sigismember(&all, signal) == 1 }
}

/// The empty set.
pub(super) fn no_signals() -> libc::sigset_t {
    // SAFETY: all zeroes is a valid set of signals.
    let mut set: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the set lives through the call.
    unsafe { libc::sigemptyset(&mut set) };
    set
}

/// Whether the signal goes into this process's pipe.
pub(super) fn is_caught(action: &libc::sigaction) -> bool {
    is_handler(action) && CLAIMED.load(Ordering::Relaxed) == process()
}

pub(super) fn is_handler(action: &libc::sigaction) -> bool {
    action.sa_sigaction == on_signal as *const () as libc::sighandler_t
}

fn ours() -> libc::sigaction {
    let mut action = default();
    action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
    // Blocking calls of the user's threads go on, and a thread with a small stack may have another one for signals.
    action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    action
}

pub(super) fn default() -> libc::sigaction {
    // SAFETY: all zeroes is a valid `sigaction` with an empty mask and no flags.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = libc::SIG_DFL;
    action
}

pub(super) fn action(signal: i32) -> io::Result<libc::sigaction> {
    let mut action = default();
    // SAFETY: a null new action only reads the present one.
    let result = unsafe { libc::sigaction(signal, ptr::null(), &mut action) };
    if result == 0 { Ok(action) } else { Err(io::Error::last_os_error()) }
}

pub(super) fn set_action(signal: i32, action: &libc::sigaction) -> io::Result<()> {
    // SAFETY: the handlers of this room do only what a handler may; all others are what the system gave out before.
    let result = unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Numbers that POSIX names, and that differ between systems.
pub(crate) mod number {
    pub(crate) use libc::{
        SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGIO, SIGKILL, SIGPIPE, SIGPROF,
        SIGQUIT, SIGSEGV, SIGSTOP, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGUSR1, SIGUSR2,
        SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
    };
}
