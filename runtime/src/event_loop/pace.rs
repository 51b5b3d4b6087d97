//! How many callbacks may run before the kernel is asked again.
//!
//! Asking costs more than a hundred nanoseconds, a callback may cost five: after every batch would be most of the
//! work of a busy loop. But I/O and timers must not wait for callbacks that take long. So the number follows what
//! was measured: it halves when more than 100 µs passed between two looks, and doubles when less did. In strict mode
//! it is none at all.

use std::cell::Cell;

const FIRST: u32 = 64;
const LARGEST: u32 = 256;
/// The time between two looks that is aimed at, in nanoseconds.
const AIM: u64 = 100_000;

#[derive(Debug)]
pub(super) struct Pace {
    budget: Cell<u32>,
    /// How much of the budget is left: one number to be looked at in each iteration.
    left: Cell<u32>,
    /// The loop's time after the last look, in nanoseconds.
    looked: Cell<u64>,
    at_once: Cell<bool>,
    strict: bool,
}

impl Pace {
    pub(super) fn new(strict: bool) -> Self {
        let (budget, left) = (Cell::new(FIRST), Cell::new(0));
        Self { budget, left, looked: Cell::new(0), at_once: Cell::new(true), strict }
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Counts the callbacks of a batch.
    #[inline]
    pub(super) fn ran(&self, callbacks: usize) {
        self.left.set(self.left.get().saturating_sub(callbacks as u32));
    }

    /// Whether it is time to look although callbacks are due.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.left.get() == 0
    }

    /// The next iteration shall look: it is the first one, or a timer is due already.
    #[inline]
    pub(super) fn look_at_once(&self) {
        self.at_once.set(self.at_once.get() || self.left.get() > 0);
        self.left.set(0);
    }

    /// The loop is about to look, at `now`, with callbacks due all the while since the last look.
    pub(super) fn busy(&self, now: u64) {
        let passed = now.saturating_sub(self.looked.get());
        let budget = self.budget.get();
        if passed > AIM {
            self.budget.set((budget / 2).max(1));
        } else if !self.at_once.get() {
            self.budget.set((budget * 2).min(LARGEST));
        }
    }

    /// When the last look was.
    pub(super) fn last_look(&self) -> u64 {
        self.looked.get()
    }

    /// The loop has looked.
    pub(super) fn looked(&self, now: u64) {
        self.looked.set(now);
        self.left.set(if self.strict { 0 } else { self.budget.get() });
        self.at_once.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_callbacks_make_the_loop_look_after_each_batch() {
        let pace = Pace::new(false);
        pace.looked(0);
        for round in 1..20 {
            pace.ran(1);
            pace.busy(round * 10_000_000);
            pace.looked(round * 10_000_000);
        }
        pace.ran(1);
        assert!(pace.is_due());
    }

    #[test]
    fn quick_callbacks_share_one_look() {
        let pace = Pace::new(false);
        pace.looked(0);
        pace.ran(FIRST as usize - 1);
        assert!(!pace.is_due());
        pace.ran(1);
        assert!(pace.is_due());
        pace.busy(1_000);
        pace.looked(1_000);
        pace.ran(FIRST as usize);
        assert!(!pace.is_due(), "the number has doubled");
    }

    #[test]
    fn a_look_that_was_asked_for_does_not_change_the_number() {
        let pace = Pace::new(false);
        pace.looked(0);
        pace.look_at_once();
        assert!(pace.is_due());
        pace.busy(1_000);
        pace.looked(1_000);
        pace.ran(FIRST as usize);
        assert!(pace.is_due());
    }

    #[test]
    fn strict_mode_looks_after_each_batch() {
        let pace = Pace::new(true);
        pace.looked(0);
        assert!(pace.is_due());
    }
}
