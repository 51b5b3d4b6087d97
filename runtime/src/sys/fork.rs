//! Tells a process apart from the one that made a loop, without a system call on the way.
//!
//! A child of `fork` shares the poller's descriptors with its parent: one write or one removal there would be the
//! parent's. So each loop remembers the process that made it, as a number that a hook counts up in every child.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

extern "C" fn in_child() {
    // The child has one thread at this moment, so nobody reads in between.
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// The process that made something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// No process: as good as one that never runs again.
    pub(crate) const NONE: Self = Self(u32::MAX);

    /// The process that runs now.
    pub(crate) fn current() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            // SAFETY: `in_child` only adds to an atomic, which is allowed between fork and exec. A full table of
            // hooks makes the call fail; then forks go unnoticed, as they would without the hook.
            unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        });
        Self(GENERATION.load(Ordering::Relaxed))
    }

    /// Whether this is still the process that runs.
    #[inline]
    pub(crate) fn is_current(self) -> bool {
        self.0 == GENERATION.load(Ordering::Relaxed)
    }

    /// An error in a child of the process that this was taken in.
    #[inline]
    pub(crate) fn check(self) -> io::Result<()> {
        if self.is_current() { Ok(()) } else { Err(io::Error::other(FORKED)) }
    }
}

/// What the child of a fork is told.
pub(crate) const FORKED: &str =
    "this event loop belongs to the parent of a fork; make a new one in the child with EventLoop::new()";
