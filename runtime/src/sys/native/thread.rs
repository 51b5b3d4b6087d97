//! A thread that may be asked: its number, and where its stack is.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use crate::sys::thread_number;

/// The thread that made this, for others to ask while it lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stack {
    pub(super) thread: usize,
    /// The lowest address.
    pub(super) low: usize,
    /// One past the highest, where the thread began.
    pub(super) high: usize,
}

impl Stack {
    pub(crate) fn of_this_thread() -> io::Result<Self> {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: the call cannot fail.
        let this = unsafe { libc::pthread_self() };
        // SAFETY: the thread runs; the call writes the attributes or fails.
        let failed = unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) };
        if failed != 0 {
            return Err(io::Error::from_raw_os_error(failed));
        }
        // SAFETY: it succeeded.
        let mut attributes = unsafe { attributes.assume_init() };
        let (mut low, mut size) = (ptr::null_mut(), 0);
        // SAFETY: the attributes are initialised, and both results are places of this frame.
        let failed = unsafe { libc::pthread_attr_getstack(&attributes, &mut low, &mut size) };
        // SAFETY: initialised, and not used any more.
        unsafe { libc::pthread_attr_destroy(&mut attributes) };
        if failed != 0 {
            return Err(io::Error::from_raw_os_error(failed));
        }
        let low = low.addr();
        // Whole words, so that each of them can be read.
        let high = low.saturating_add(size) / size_of::<usize>() * size_of::<usize>();
        Ok(Self { thread: thread_number(), low, high })
    }
}
