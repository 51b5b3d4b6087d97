//! One tick after the other, for tests that look between them.

use std::future::Future;
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{Error, EventLoop, Runner};

pub(crate) use crate::support::tasks::{tick, ticks};

/// Ticks until nothing that a test of this size does can still be on its way.
pub(crate) async fn quiet() {
    ticks(50).await;
}

/// Runs a future on a virtual clock; what hangs there runs into the deadline at once.
pub(crate) fn run<T: 'static>(future: impl Future<Output = T> + 'static) -> T {
    let factory = || EventLoop::builder().clock(VirtualClock::new()).build();
    let mut runner = Runner::builder().loop_factory(factory).build();
    let body = async { Ok::<_, Error>(future.await) };
    let outcome = runner.run(asyncio::timeout(Duration::from_secs(60), body)).expect("it ends in time");
    runner.close().expect("what it left behind can be closed");
    outcome
}
