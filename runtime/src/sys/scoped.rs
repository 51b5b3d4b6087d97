//! A reference that a thread can reach for the time of one call: "what runs now".
//!
//! The loop polls a task, the task a branch, the branch a leaf, and the leaf must find the cancel cell of the branch.
//! Passing it down is impossible through foreign futures, so it is lent through the thread: [`Scoped::set`] puts a
//! reference there, calls, and puts the former one back, unwinding or not.

use std::cell::Cell;
use std::ptr;

/// One thread-local place for a lent reference.
#[derive(Debug)]
pub(crate) struct Scoped<T> {
    place: Cell<*const T>,
}

impl<T> Scoped<T> {
    pub(crate) const fn new() -> Self {
        Self { place: Cell::new(ptr::null()) }
    }

    /// Calls `f` while `value` is lent; `None` hides what was lent outside.
    #[inline]
    pub(crate) fn set<R>(&self, value: Option<&T>, f: impl FnOnce() -> R) -> R {
        let lent = value.map_or(ptr::null(), ptr::from_ref);
        let _restore = Restore { place: &self.place, former: self.place.replace(lent) };
        f()
    }

    /// As [`set`](Self::set), where nothing is lent outside, so that there is nothing to put back.
    #[inline]
    pub(crate) fn set_only<R>(&self, value: &T, f: impl FnOnce() -> R) -> R {
        self.place.set(value);
        let _take_away = Restore { place: &self.place, former: ptr::null() };
        f()
    }

    /// Calls `f` with what is lent now.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(Option<&T>) -> R) -> R {
        // SAFETY: the pointer comes from a reference that outlives the running call of `set`, which takes the
        // pointer away before it returns; `f` can keep the reference no longer than this call, which is within it.
        f(unsafe { self.place.get().as_ref() })
    }
}

struct Restore<'a, T> {
    place: &'a Cell<*const T>,
    former: *const T,
}

impl<T> Drop for Restore<'_, T> {
    fn drop(&mut self) {
        self.place.set(self.former);
    }
}
