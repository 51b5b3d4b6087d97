//! Noticing that nothing can happen any more, as far as the loop knows: no callback, no timer, no descriptor.
//!
//! Whether that is a mistake is for the rooms above to say, which know the tasks. They are asked once a stall, after a
//! second without anything: the loop sleeps a second where it would sleep for ever, so nobody pays who has something to
//! do or to watch.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Inner;
use crate::exceptions::Result;

/// How long nothing has to happen.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Stall {
    hook: RefCell<Option<Rc<dyn Fn()>>>,
    /// Whether the hook was called since something has happened.
    told: Cell<bool>,
    /// How many sources are watched from which nobody waits for anything.
    unwaited: Cell<usize>,
    /// Whether the loop has slept without a deadline since its last busy look, so that no time is known of that.
    pub(super) slept: Cell<bool>,
}

impl Inner {
    /// What to call when nothing has happened for a second, and nothing can that the loop knows of.
    pub(crate) fn set_stall_hook(&self, hook: Option<Rc<dyn Fn()>>) {
        let former = self.stall.hook.replace(hook);
        drop(former);
    }

    /// Sleeps until something happens. True: nothing did in a second, for the first time since something has.
    pub(super) fn sleep_without_deadline(&self) -> Result<bool> {
        self.stall.slept.set(true);
        // Since it was told nothing has run.
        let told = self.stall.told.replace(false) && self.batch.get() == 0;
        if told || !self.can_stall() {
            self.sleep(None)?;
            return Ok(false);
        }
        let began = Instant::now();
        self.sleep(Some(PATIENCE))?;
        Ok(began.elapsed() >= PATIENCE)
    }

    /// Counts so many sources more, or less, from which nobody waits for anything.
    pub(crate) fn count_unwaited(&self, change: isize) {
        self.stall.unwaited.set(self.stall.unwaited.get().saturating_add_signed(change));
    }

    fn can_stall(&self) -> bool {
        self.sources.len() == self.stall.unwaited.get() && self.held.get() == 0 && self.stall.hook.borrow().is_some()
    }

    /// Asks the hook, unless something is due by now.
    #[cold]
    pub(super) fn stalled(&self) {
        if self.ready.len() > 0 || !self.shared.inbox.is_empty() || self.stopping.get() {
            return;
        }
        self.stall.told.set(true);
        let hook = self.stall.hook.borrow().clone();
        if let Some(hook) = hook {
            hook();
        }
    }
}
