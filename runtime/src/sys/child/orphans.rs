//! Children that nobody waits for any more and that were killed, but take their time to end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::backend;

struct Orphan {
    pid: libc::pid_t,
    watch: backend::Watch,
    process: super::fork::Process,
}

static ORPHANS: Mutex<Vec<Orphan>> = Mutex::new(Vec::new());
/// How many there are, so that nothing is locked when there are none.
static COUNT: AtomicUsize = AtomicUsize::new(0);

pub(super) fn adopt(pid: libc::pid_t, watch: backend::Watch) {
    let mut orphans = ORPHANS.lock().unwrap_or_else(PoisonError::into_inner);
    orphans.push(Orphan { pid, watch, process: super::fork::Process::current() });
    COUNT.store(orphans.len(), Ordering::Relaxed);
}

/// Reaps those that have ended.
pub(super) fn reap() {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return;
    }
    let mut orphans = ORPHANS.lock().unwrap_or_else(PoisonError::into_inner);
    orphans
        .retain(|orphan| orphan.process.is_current() && matches!(backend::reap(&orphan.watch, orphan.pid), Ok(None)));
    COUNT.store(orphans.len(), Ordering::Relaxed);
}
