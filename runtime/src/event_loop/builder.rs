//! Making a loop: its clock, debug and strict mode.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use super::elsewhere::Elsewhere;
use super::ends::Ends;
use super::pace::Pace;
use super::readers::Watches;
use super::ready::ReadyQueue;
use super::remote::Shared;
use super::shuffle::Shuffle;
use super::slots::Slots;
use super::sources::Sources;
use super::stall::Stall;
use super::{EventLoop, Inner, Owner, State};
use crate::clock::{Clock, SystemClock};
use crate::constants::SLOW_CALLBACK_DURATION;
use crate::debug;
use crate::exceptions::{Result, install_hook};
use crate::sys::{Driver, coarse_time, fork};
use crate::timers::Timers;

/// The options of a new [`EventLoop`]; see [`EventLoop::builder`].
#[derive(Debug, Default)]
pub struct EventLoopBuilder {
    clock: Option<Box<dyn Clock>>,
    debug: Option<bool>,
    strict: bool,
    histogram: bool,
    seed: Option<u64>,
}

impl EventLoop {
    /// A new loop; it does not become the current one. Python: `asyncio.new_event_loop()`.
    ///
    /// # Errors
    ///
    /// `OsError` if the system gives no poller, most often because no descriptor is left.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// A new loop with options.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// let event_loop = asyncio::EventLoop::builder().debug(true).build()?;
    /// assert!(event_loop.get_debug());
    /// event_loop.close()
    /// # }
    /// ```
    pub fn builder() -> EventLoopBuilder {
        EventLoopBuilder::default()
    }
}

impl EventLoopBuilder {
    /// Debug mode from the start; without this the environment decides (`ASYNCIODEBUG`, `PYTHONASYNCIODEBUG`).
    pub fn debug(mut self, enabled: bool) -> Self {
        self.debug = Some(enabled);
        self
    }

    /// Asks the kernel between all batches, as CPython does, instead of only when it is due.
    ///
    /// Costs a system call a batch; the order of callbacks and I/O is then Python's, to the tick, but for what
    /// [`differences`](crate::guide::differences) lists.
    pub fn strict(mut self, enabled: bool) -> Self {
        self.strict = enabled;
        self
    }

    /// Runs the tasks of each batch in a random order, which is the same for the same seed. For tests.
    ///
    /// Callbacks keep their places among themselves: a program may rely on the order of those.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Counts how long callbacks and steps take, for [`Metrics::durations`](crate::Metrics::durations) and
    /// [`Metrics::longest_callback`](crate::Metrics::longest_callback). In debug mode that is counted anyway.
    ///
    /// Costs a look at the clock for each callback, some 25 ns: as much as a short callback takes. All other metrics cost
    /// next to nothing, and are always there.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// let event_loop = asyncio::EventLoop::builder().metrics_histogram(true).build()?;
    /// event_loop.run_until_complete(async {})?;
    /// assert_eq!(event_loop.metrics().durations.iter().sum::<u64>(), event_loop.metrics().callbacks);
    /// event_loop.close()
    /// # }
    /// ```
    pub fn metrics_histogram(mut self, enabled: bool) -> Self {
        self.histogram = enabled;
        self
    }

    /// Another source of time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Makes the loop.
    ///
    /// # Errors
    ///
    /// `OsError` if the system gives no poller, most often because no descriptor is left.
    pub fn build(self) -> Result<EventLoop> {
        install_hook();
        let debug = self.debug.unwrap_or_else(debug::from_environment);
        let driver = Driver::new()?;
        let shared = Arc::new(Shared::new(driver.unparker()));
        let clock = self.clock.unwrap_or_else(|| Box::new(SystemClock::new()));
        // Where the time is somebody's, real time is no measure.
        let ticks: fn() -> u64 = if clock.jumps() { || 0 } else { coarse_time };
        let inner = Rc::new(Inner {
            ready: ReadyQueue::new(),
            timers: Rc::new(RefCell::new(Timers::new())),
            clock,
            driver,
            sources: Sources::new(),
            watches: Watches::default(),
            shared,
            slots: Slots::new(),
            state: Cell::new(State::Idle),
            stopping: Cell::new(false),
            pace: Pace::new(self.strict, ticks),
            shuffle: Shuffle::new(self.seed),
            prompt: Cell::new(0),
            held: Cell::new(0),
            ends: Ends::default(),
            batch: Cell::new(0),
            idlers: Cell::new(0),
            debug: Cell::new(debug),
            watched: Cell::new(false),
            histogram: Cell::new(self.histogram),
            closely: Cell::new(debug || self.histogram),
            slow_callback_duration: Cell::new(SLOW_CALLBACK_DURATION),
            running: Cell::new(None),
            exception_handler: RefCell::new(None),
            interrupt: RefCell::new(None),
            stall: Stall::default(),
            elsewhere: Elsewhere::default(),
            figures: Arc::default(),
            process: fork::Process::current(),
            owner: RefCell::new(Weak::new()),
        });
        let owner = Rc::new(Owner { inner });
        *owner.inner.owner.borrow_mut() = Rc::downgrade(&owner);
        Ok(EventLoop { owner })
    }
}
