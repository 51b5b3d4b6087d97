//! The one step that does not wait for the next batch: that of a task for which bytes came in.
//!
//! They were copied just now, and lie in the processor's cache. If the task ran in the next batch, after all the other
//! connections that have data had received theirs, each would find its bytes in main memory, and all of them would be
//! held at the same time: measured with 100 connections, that doubles the time of an echo of 16 KiB and more.
//!
//! So it runs right after the source that woke it, one for each run of a source. Strict mode, and an order by seed,
//! leave it where it is.

use std::rc::Rc;

use super::{Inner, Ready, figures};
use crate::handle::LocalWaker;

impl Inner {
    /// Wakes a task from within a source, which runs it right afterwards. From elsewhere it is an ordinary wake-up.
    #[inline]
    pub(crate) fn wake_promptly(&self, waker: LocalWaker) {
        let before = self.ready.len();
        waker.wake();
        let after = self.ready.len();
        // Nothing is taken out while a source runs, so the length says which place that is.
        self.prompt.set(if after == before + 1 { after } else { 0 });
    }

    /// A source is about to run: what was woken before has nothing to do with it.
    #[inline]
    pub(super) fn expect_prompt(&self) {
        self.prompt.set(0);
    }

    /// What the source that has just run woke promptly, unless it scheduled something after that.
    #[inline]
    pub(super) fn take_prompt(&self) -> Option<Ready> {
        let place = self.prompt.take();
        if place == 0 || self.pace.is_strict() || self.shuffle.is_on() {
            return None;
        }
        if self.ready.len() == place { self.ready.pop_back() } else { None }
    }

    /// Runs that, if it is there. Debug mode does so itself, with a look at the clock.
    #[inline]
    pub(super) fn run_prompt(self: &Rc<Self>) {
        if self.prompt.get() != 0 {
            self.run_it();
        }
    }

    /// Apart, because what runs steps ends up here again.
    #[inline(never)]
    fn run_it(self: &Rc<Self>) {
        if self.get_debug() {
            return;
        }
        let Some(prompt) = self.take_prompt() else { return };
        // No batch had it.
        figures::add(&self.figures.callbacks, 1);
        match prompt {
            Ready::Step(step) => step.run(),
            ready => self.run(ready),
        }
    }
}
