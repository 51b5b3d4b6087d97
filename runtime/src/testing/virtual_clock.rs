//! A clock that jumps to the next timer when nothing is ready.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Clock;

/// Virtual time: an hour of sleep takes as long as nothing at all, and deadlines fall in their order.
///
/// A clonable handle: one clone goes into the loop, another stays with the test. The clock jumps only when no callback
/// is due, no descriptor is ready and no other thread has called, and not while a job is under way of which the loop will
/// hear: [`to_thread`](crate::to_thread), [`run_in_executor`](crate::EventLoop::run_in_executor),
/// [`wrap_future`](crate::wrap_future), a name that the system looks up. If such jobs take more than a second of real time,
/// the clock runs along with it until they have ended, and a warning
/// ([ASY0021](crate::guide::errors#asy0021-virtual-time-passes-as-slowly-as-real-time)) says which they are. What other
/// threads, children and peers are about to do it cannot know: a program that waits for them under a timeout may see the
/// timeout first.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// let clock = asyncio::testing::VirtualClock::new();
/// let event_loop = asyncio::EventLoop::builder().clock(clock.clone()).build()?;
/// let began = event_loop.time();
/// event_loop.run_until_complete(asyncio::sleep(Duration::from_secs(3600)))?;
/// assert_eq!(event_loop.time() - began, Duration::from_secs(3600));
/// event_loop.close()
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VirtualClock {
    now: Rc<Cell<Duration>>,
}

impl VirtualClock {
    /// A clock that stands one hour after its origin.
    pub fn new() -> Self {
        Self { now: Rc::new(Cell::new(Duration::from_secs(3600))) }
    }

    /// The time that it shows.
    pub fn time(&self) -> Duration {
        self.now.get()
    }

    /// Moves it forward; timers that are due then run in the next ticks.
    pub fn advance(&self, duration: Duration) {
        self.now.set(self.now.get().saturating_add(duration));
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn wait_until(&self, when: Duration) -> Duration {
        self.now.set(self.now.get().max(when));
        Duration::ZERO
    }

    fn jumps(&self) -> bool {
        true
    }
}
