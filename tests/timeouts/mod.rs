//! Timeouts: <https://docs.python.org/3/library/asyncio-task.html#timeouts>

mod deadlines;
mod nesting;
mod rescheduling;

use std::time::Duration;

/// The loop's time.
fn now() -> Duration {
    asyncio::get_running_loop().unwrap().time()
}

/// Keeps the loop from running, as a long calculation does.
fn work(duration: Duration) {
    std::thread::sleep(duration);
}
