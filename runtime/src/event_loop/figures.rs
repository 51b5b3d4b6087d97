//! What a loop counts of itself: cheap enough to be on always.
//!
//! One thread writes, and any may read: a plain load and store, never an atomic addition. Steps of tasks are most of what
//! a loop runs, so they are not counted one by one: batches are, and what is no step.
//!
//! How long single callbacks take is not known by default: a look at the clock after each would cost more than the
//! shortest of them. Debug mode takes that time anyway, and a loop built with `metrics_histogram` does nothing else
//! of it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one loop, and how much there is of some things.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Figures {
    /// Callbacks and steps of tasks that were taken out of the ready queue.
    pub(crate) callbacks: AtomicU64,
    /// How often the kernel was asked.
    pub(crate) looks: AtomicU64,
    /// Reports of descriptors.
    pub(crate) events: AtomicU64,
    /// Calls and wake-ups of other threads.
    pub(crate) calls: AtomicU64,
    pub(crate) timers_fired: AtomicU64,
    /// The longest time between two looks at the kernel with callbacks to run all along, in nanoseconds.
    pub(crate) longest: AtomicU64,
    /// As of the last look.
    pub(crate) timers: AtomicU64,
    pub(crate) descriptors: AtomicU64,
    /// With a watchdog: how many callbacks have returned, and whether a batch runs.
    pub(crate) finished: AtomicU64,
    pub(crate) busy: AtomicU64,
    /// The longest of the durations, in nanoseconds.
    pub(crate) longest_callback: AtomicU64,
    /// How many batches have run.
    pub(crate) batches: AtomicU64,
    /// How many callbacks were no steps of tasks.
    pub(crate) others: AtomicU64,
    /// Where the time is taken: how many callbacks took less than a microsecond, less than two, than four, and so on.
    pub(crate) durations: [AtomicU64; BUCKETS],
}

pub(crate) const BUCKETS: usize = 24;

#[inline]
pub(crate) fn add(counter: &AtomicU64, number: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(number), Ordering::Relaxed);
}

impl Figures {
    #[inline]
    pub(super) fn batch(&self, due: usize) {
        add(&self.callbacks, due as u64);
        add(&self.batches, 1);
    }

    pub(super) fn looked(&self, timers: usize, descriptors: usize) {
        add(&self.looks, 1);
        self.timers.store(timers as u64, Ordering::Relaxed);
        self.descriptors.store(descriptors as u64, Ordering::Relaxed);
    }

    /// So long, in nanoseconds, the kernel was not asked though the loop did not sleep.
    pub(super) fn was_busy(&self, nanos: u64) {
        if nanos > self.longest.load(Ordering::Relaxed) {
            self.longest.store(nanos, Ordering::Relaxed);
        }
    }

    /// A callback took so many nanoseconds.
    pub(super) fn took(&self, nanos: u64) {
        if nanos > self.longest_callback.load(Ordering::Relaxed) {
            self.longest_callback.store(nanos, Ordering::Relaxed);
        }
        let bucket = (u64::BITS - (nanos / 1000).leading_zeros()) as usize;
        add(&self.durations[bucket.min(BUCKETS - 1)], 1);
    }
}
