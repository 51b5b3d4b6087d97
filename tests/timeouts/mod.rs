//! Timeouts: <https://docs.python.org/3/library/asyncio-task.html#timeouts>

mod deadlines;
mod nesting;
mod rescheduling;
mod where_it_waited;

use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{EventLoop, Runner};

/// The loop's time.
fn now() -> Duration {
    asyncio::get_running_loop().unwrap().time()
}

/// Runs a test on a clock that it moves by hand, as a long calculation would.
fn on_a_clock<F>(test: impl FnOnce(VirtualClock) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let clock = VirtualClock::new();
    let of_loop = clock.clone();
    let factory = move || EventLoop::builder().clock(of_loop).build();
    let mut runner = Runner::builder().loop_factory(factory).build();
    runner.run(test(clock)).unwrap();
    runner.close().unwrap();
}
