//! Work that is done elsewhere, in threads or processes, and that the loop will hear of; and what a clock that jumps
//! does meanwhile.
//!
//! A virtual clock jumps when nothing can happen before the next timer. With a job under way something can: its end. So
//! time stands still, for a second, which is plenty for what a test does in a thread. A job that takes longer may be
//! waiting for the very time that stands still, or never end: then the clock runs along with real time, and a warning
//! says so. Each deadline is then met no earlier than in a program that runs in real time, and none is waited for in
//! vain.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use slab::Slab;

use super::Inner;
use crate::exceptions::Result;

/// How long time stands still.
const GRACE: Duration = Duration::from_secs(1);

/// Of more jobs the rest is counted.
const NAMED: usize = 3;

#[derive(Default)]
pub(super) struct Elsewhere {
    /// Where the jobs were begun. Always empty where the clock does not jump.
    jobs: RefCell<Slab<&'static Location<'static>>>,
    /// How long the loop has slept with a timer and a job, since the clock has jumped.
    slept: Cell<Duration>,
}

/// A job that is done elsewhere. It counts until it ends, or nobody has it any more.
pub(crate) struct JobElsewhere {
    inner: Weak<Inner>,
    key: Cell<Option<usize>>,
}

impl JobElsewhere {
    /// It is over, or nobody waits for it. Once is enough.
    pub(crate) fn end(&self) {
        if let (Some(inner), Some(key)) = (self.inner.upgrade(), self.key.take()) {
            inner.elsewhere.jobs.borrow_mut().remove(key);
        }
    }
}

impl Drop for JobElsewhere {
    fn drop(&mut self) {
        self.end();
    }
}

impl Inner {
    /// Says that a job has begun elsewhere whose end the loop will hear of. `None` where time passes by itself.
    pub(crate) fn begin_elsewhere(self: &Rc<Self>, location: &'static Location<'static>) -> Option<Rc<JobElsewhere>> {
        if !self.clock.jumps() {
            return None;
        }
        let key = self.elsewhere.jobs.borrow_mut().insert(location);
        Some(Rc::new(JobElsewhere { inner: Rc::downgrade(self), key: Cell::new(Some(key)) }))
    }

    /// Whether the clock may jump to `when`. If not, the loop has slept, and something may have happened.
    pub(super) fn may_jump(&self, when: Duration) -> Result<bool> {
        if self.elsewhere.jobs.borrow().is_empty() {
            self.elsewhere.slept.set(Duration::ZERO);
            return Ok(true);
        }
        let slept = self.elsewhere.slept.get();
        let stands_still = slept < GRACE;
        let now = self.clock.now();
        let began = Instant::now();
        self.sleep(Some(if stands_still { GRACE - slept } else { when.saturating_sub(now) }))?;
        let passed = began.elapsed();
        self.elsewhere.slept.set(slept.saturating_add(passed));
        if !stands_still {
            self.clock.wait_until(when.min(now.saturating_add(passed)));
        } else if slept + passed >= GRACE {
            self.warn_of_jobs();
        }
        Ok(false)
    }

    #[cold]
    fn warn_of_jobs(&self) {
        let jobs = self.elsewhere.jobs.borrow();
        let mut places: Vec<_> = jobs.iter().take(NAMED).map(|(_, location)| location.to_string()).collect();
        if jobs.len() > NAMED {
            places.push(format!("{} more", jobs.len() - NAMED));
        }
        crate::log::warning(format_args!(
            "ASY0021: virtual time passes as slowly as real time, because for {GRACE:?} jobs have been under way in threads \
             or other processes: from {}",
            places.join(", ")
        ));
    }
}
