//! Where time comes from: a monotonic clock that the loop owns, so that tests can put another one in its place.

use std::fmt;
use std::time::{Duration, Instant};

/// A monotonic clock, and the wait for it.
///
/// The default reads the system's. A virtual one (see [`testing`](crate::testing)) jumps to the next timer instead
/// of waiting.
pub trait Clock: fmt::Debug + 'static {
    /// The time since the clock's origin; never less than an earlier reading.
    fn now(&self) -> Duration;

    /// How long the loop may sleep in the kernel when its next timer is due at `when` and nothing is ready.
    ///
    /// A clock that can be moved by hand moves to `when` and returns zero.
    fn wait_until(&self, when: Duration) -> Duration {
        when.saturating_sub(self.now())
    }

    /// Whether [`wait_until`](Self::wait_until) moves the time instead of letting it pass.
    ///
    /// The loop then looks for what has happened already before it asks, and while a job is under way in a thread or
    /// process it does not ask for a second; then for no more than the time that has really passed.
    fn jumps(&self) -> bool {
        false
    }
}

/// Where the system clock starts, so that a moment shortly before now can be written as a `Duration` too.
const HEAD_START: Duration = Duration::from_secs(3600);

/// The system's monotonic clock; its origin lies one hour before it was made.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        HEAD_START + self.origin.elapsed()
    }
}
