//! How many callbacks may run before the kernel is asked again.
//!
//! Asking costs more than a hundred nanoseconds, a callback may cost five: after every batch would be most of the
//! work of a busy loop. But I/O and timers must not wait for callbacks that take long. So the number follows what
//! was measured: it halves when more than 100 µs passed between two looks, and doubles when less did. In strict mode
//! it is none at all.
//!
//! The number is that of callbacks as quick as the last ones were. When slow ones follow, a clock tells that is cheap to read
//! and ticks every few milliseconds: it is looked at after every sixteenth, and from its tick on the number is one.

use std::cell::Cell;

const FIRST: u32 = 64;
const LARGEST: u32 = 256;
/// The time between two looks that is aimed at, in nanoseconds.
const AIM: u64 = 100_000;
/// After so many callbacks the cheap clock is looked at.
const CHECKED: u32 = 16;

#[derive(Debug)]
pub(super) struct Pace {
    budget: Cell<u32>,
    /// How much of the budget is left: one number to be looked at in each iteration.
    left: Cell<u32>,
    /// At how much of it the cheap clock is looked at next.
    checked: Cell<u32>,
    /// The cheap clock, and what it showed at the last look.
    clock: fn() -> u64,
    tick: Cell<u64>,
    /// It has ticked since.
    late: Cell<bool>,
    /// The loop's time after the last look, in nanoseconds.
    looked: Cell<u64>,
    at_once: Cell<bool>,
    strict: bool,
}

impl Pace {
    pub(super) fn new(strict: bool, clock: fn() -> u64) -> Self {
        Self {
            budget: Cell::new(FIRST),
            left: Cell::new(0),
            checked: Cell::new(0),
            clock,
            tick: Cell::new(0),
            late: Cell::new(false),
            looked: Cell::new(0),
            at_once: Cell::new(true),
            strict,
        }
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
        self.left.get() <= self.checked.get() && self.is_due_by_now()
    }

    #[cold]
    fn is_due_by_now(&self) -> bool {
        let left = self.left.get();
        if left == 0 {
            return true;
        }
        self.late.set((self.clock)() != self.tick.get());
        self.checked.set(left.saturating_sub(CHECKED));
        self.late.get()
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
        if self.late.take() {
            self.budget.set(1);
        } else if passed > AIM {
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
        let left = if self.strict { 0 } else { self.budget.get() };
        self.left.set(left);
        self.checked.set(left.saturating_sub(CHECKED));
        if left > CHECKED {
            self.tick.set((self.clock)());
        }
        self.at_once.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_callbacks_make_the_loop_look_after_each_batch() {
        let pace = Pace::new(false, || 0);
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
        let pace = Pace::new(false, || 0);
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
        let pace = Pace::new(false, || 0);
        pace.looked(0);
        pace.look_at_once();
        assert!(pace.is_due());
        pace.busy(1_000);
        pace.looked(1_000);
        pace.ran(FIRST as usize);
        assert!(pace.is_due());
    }

    thread_local! {
        static TICK: Cell<u64> = const { Cell::new(0) };
    }

    #[test]
    fn slow_callbacks_after_quick_ones_are_noticed_by_the_cheap_clock() {
        let pace = Pace::new(false, || TICK.get());
        for _ in 0..10 {
            pace.looked(0);
            pace.busy(1);
        }
        pace.looked(0);
        for _ in 0..LARGEST / 2 {
            pace.ran(1);
            assert!(!pace.is_due());
        }
        TICK.set(1);
        let ran = (1..).find(|_| {
            pace.ran(1);
            pace.is_due()
        });
        assert!(ran.is_some_and(|ran| ran <= CHECKED), "{ran:?}");
        pace.busy(1);
        pace.looked(1);
        pace.ran(1);
        assert!(pace.is_due(), "the number is one");
        pace.busy(2);
        pace.looked(2);
        pace.ran(1);
        assert!(!pace.is_due(), "and doubles as ever");
    }

    #[test]
    fn strict_mode_looks_after_each_batch() {
        let pace = Pace::new(true, || 0);
        pace.looked(0);
        assert!(pace.is_due());
    }
}
