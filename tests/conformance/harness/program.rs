//! A program: its name, how it runs here, and in what it differs from Python's.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{EventLoop, Result, get_running_loop, sleep};

/// One program; its counterpart is the function of the same name in the chapter's Python file.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) run: fn(Mode) -> Result<()>,
    /// The minor version of Python 3 that has what it shows, in each of its patches.
    pub(crate) since: u32,
    /// The default mode asks the kernel less often, so the trace of this one would be another.
    pub(crate) strict_only: bool,
    pub(crate) differences: &'static [Difference],
}

/// Where a program is meant to differ: what stands in Python's trace, and in its place here.
pub(crate) struct Difference {
    /// A piece of the row of `differences.md` that says why.
    pub(crate) row: &'static str,
    pub(crate) python: &'static [&'static str],
    pub(crate) here: &'static [&'static str],
}

impl Program {
    pub(crate) const fn new(name: &'static str, run: fn(Mode) -> Result<()>) -> Self {
        Self { name, run, since: 11, strict_only: false, differences: &[] }
    }

    pub(crate) const fn since(mut self, minor: u32) -> Self {
        self.since = minor;
        self
    }

    pub(crate) const fn strict_only(mut self) -> Self {
        self.strict_only = true;
        self
    }

    pub(crate) const fn differs(mut self, differences: &'static [Difference]) -> Self {
        self.differences = differences;
        self
    }
}

/// A program that is a coroutine, which runs on a loop of its own.
macro_rules! program {
    ($name:ident) => {
        $crate::harness::program::Program::new(stringify!($name), |mode| mode.run($name()))
    };
}
pub(crate) use program;

/// A program that is a function, and makes its loops itself.
macro_rules! function {
    ($name:ident) => {
        $crate::harness::program::Program::new(stringify!($name), $name)
    };
}
pub(crate) use function;

/// How a program's loops are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Default,
    Strict,
}

impl Mode {
    /// A loop in virtual time.
    pub(crate) fn new_loop(self) -> Result<EventLoop> {
        let clock = VirtualClock::new();
        BEGAN.set(clock.time());
        EventLoop::builder().strict(self == Self::Strict).debug(false).clock(clock).build()
    }

    pub(crate) fn run(self, main: impl Future<Output = Result<()>> + 'static) -> Result<()> {
        let event_loop = self.new_loop()?;
        let ended = event_loop.run_until_complete(main);
        event_loop.close()?;
        ended
    }
}

thread_local! {
    static BEGAN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The time since the program began.
pub(crate) fn now() -> Duration {
    get_running_loop().expect("a program runs on a loop").time() - BEGAN.get()
}

/// The loop's time that long after the program began.
pub(crate) fn at(since: Duration) -> Duration {
    BEGAN.get() + since
}

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) async fn ticks(count: usize) {
    for _ in 0..count {
        sleep(Duration::ZERO).await;
    }
}

/// Counts the ticks of the running loop from the moment it is made.
#[derive(Clone)]
pub(crate) struct Ticks(Rc<Cell<usize>>);

impl Ticks {
    pub(crate) fn new() -> Result<Self> {
        let ticks = Self(Rc::default());
        ticks.next(&get_running_loop()?);
        Ok(ticks)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.get() - 1
    }

    fn next(&self, event_loop: &EventLoop) {
        self.0.set(self.0.get() + 1);
        if self.count() < 50 {
            let (ticks, inner) = (self.clone(), event_loop.clone());
            event_loop.call_soon(move || ticks.next(&inner)).expect("it runs");
        }
    }
}
