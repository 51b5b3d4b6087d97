//! SIGCHLD, for a Linux before process descriptors: each child has a pipe, and the signal's handler writes into all.
//!
//! A pipe is made once and never closed, since a handler may be about to write into it; the next child gets it. What
//! else wants to hear of the signal still does: `add_signal_handler` has a handler of its own that calls [`poke`], and a
//! handler that was there before is called by this one. One that comes later and forgets this one makes children end
//! unnoticed until the next start.

use std::cell::Cell;
use std::io;
use std::os::fd::{IntoRawFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use mio::unix::pipe;

use crate::sys::{errno, signals};

/// A pipe, and whether a child has it.
struct Place {
    read: RawFd,
    write: RawFd,
    taken: AtomicBool,
    /// Those that were there before; they all stay.
    next: Option<&'static Self>,
}

/// The newest place.
static FIRST: AtomicPtr<Place> = AtomicPtr::new(ptr::null_mut());
/// The process whose places these are. A child of a fork makes its own.
static OWNER: AtomicI32 = AtomicI32::new(0);
/// What was called before this handler came, and how.
static FORMER: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
static FORMER_FLAGS: AtomicI32 = AtomicI32::new(0);
/// Who takes a place, or installs the handler.
static CHANGING: Mutex<()> = Mutex::new(());

/// A place, until this is dropped.
pub(super) struct Watch(&'static Place);

impl Watch {
    pub(super) fn new() -> io::Result<Self> {
        let changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        if OWNER.load(Ordering::Relaxed) != process() {
            FIRST.store(ptr::null_mut(), Ordering::Relaxed);
            OWNER.store(process(), Ordering::Release);
        }
        let watch = Self(free_place()?);
        install()?;
        drop(changing);
        watch.empty();
        // The child may have ended before anybody listened.
        write_to(watch.0);
        Ok(watch)
    }

    /// Readable when some child has ended.
    pub(super) fn fd(&self) -> RawFd {
        self.0.read
    }

    /// So that the next end is news.
    pub(super) fn empty(&self) {
        let mut bytes = [0_u8; 64];
        // SAFETY: the buffer is this frame's; the descriptor is never closed, and never blocks.
        while unsafe { libc::read(self.0.read, bytes.as_mut_ptr().cast(), bytes.len()) } > 0 {}
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

/// All places, the newest first.
fn places() -> impl Iterator<Item = &'static Place> {
    // SAFETY: what stands there was leaked, and is never freed.
    let first = unsafe { FIRST.load(Ordering::Acquire).as_ref() };
    std::iter::successors(first, |place| place.next)
}

fn free_place() -> io::Result<&'static Place> {
    if let Some(place) = places().find(|place| !place.taken.swap(true, Ordering::Acquire)) {
        return Ok(place);
    }
    let (sender, receiver) = pipe::new()?;
    let (read, write) = (receiver.into_raw_fd(), sender.into_raw_fd());
    let place = Box::leak(Box::new(Place { read, write, taken: AtomicBool::new(true), next: places().next() }));
    // Release: a handler that sees the place sees what it is.
    FIRST.store(place, Ordering::Release);
    Ok(place)
}

/// Tells all children's loops that a child has ended. Called by handlers: only atomics, `getpid` and `write`.
pub(in crate::sys) fn poke() {
    if OWNER.load(Ordering::Acquire) == process() {
        places().filter(|place| place.taken.load(Ordering::Relaxed)).for_each(write_to);
    }
}

/// A full pipe says the same.
fn write_to(place: &Place) {
    // SAFETY: one byte is read from this frame; the descriptor is never closed, and never blocks.
    unsafe { libc::write(place.write, [0_u8].as_ptr().cast(), 1) };
}

/// After `add_signal_handler` has given the signal back: whether the children still need it, and have it.
pub(in crate::sys) fn resume() -> io::Result<()> {
    if OWNER.load(Ordering::Relaxed) == process() { install() } else { Ok(()) }
}

/// Sees to it that the signal's handler is one that pokes.
fn install() -> io::Result<()> {
    let former = signals::action(libc::SIGCHLD)?;
    if signals::is_handler(&former) || former.sa_sigaction == on_child as *const () as libc::sighandler_t {
        return Ok(());
    }
    FORMER_FLAGS.store(former.sa_flags, Ordering::Relaxed);
    FORMER.store(former.sa_sigaction, Ordering::Release);
    let mut action = signals::default();
    action.sa_sigaction = on_child as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    // Where children left no zombies behind they still do not.
    if former.sa_sigaction == libc::SIG_IGN || former.sa_flags & libc::SA_NOCLDWAIT != 0 {
        action.sa_flags |= libc::SA_NOCLDWAIT;
    }
    signals::set_action(libc::SIGCHLD, &action)
}

thread_local! {
    /// This thread is in the handler: one that came between, and calls what was there before itself, ends up here again.
    /// Neither made nor dropped at run time, so that a signal may look at it.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

extern "C" fn on_child(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    errno::kept(poke);
    let former = FORMER.load(Ordering::Acquire);
    if matches!(former, libc::SIG_DFL | libc::SIG_IGN) || INSIDE.replace(true) {
        return;
    }
    if FORMER_FLAGS.load(Ordering::Relaxed) & libc::SA_SIGINFO != 0 {
        type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
        // SAFETY: the system gave it out as a handler of this kind.
        let former = unsafe { std::mem::transmute::<libc::sighandler_t, Handler>(former) };
        former(signal, info, context);
    } else {
        // SAFETY: as above.
        let former = unsafe { std::mem::transmute::<libc::sighandler_t, extern "C" fn(libc::c_int)>(former) };
        former(signal);
    }
    INSIDE.set(false);
}

fn process() -> i32 {
    // SAFETY: the call cannot fail.
    unsafe { libc::getpid() }
}
