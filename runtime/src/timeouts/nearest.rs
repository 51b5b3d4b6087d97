//! The deadline that the code which is being polled must keep: it goes along with calls to other processes.

use std::cell::Cell;
use std::time::Duration;

thread_local! {
    static NEAREST: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// The earliest deadline of the timeouts around what is being polled, in the loop's time.
pub(crate) fn nearest() -> Option<Duration> {
    NEAREST.get()
}

/// Calls `f` with one more deadline around it.
pub(super) fn within<R>(when: Option<Duration>, f: impl FnOnce() -> R) -> R {
    let outer = NEAREST.get();
    NEAREST.set(match (outer, when) {
        (Some(outer), Some(when)) => Some(outer.min(when)),
        (outer, when) => outer.or(when),
    });
    let _put_back = PutBack(outer);
    f()
}

struct PutBack(Option<Duration>);

impl Drop for PutBack {
    fn drop(&mut self) {
        NEAREST.set(self.0);
    }
}
