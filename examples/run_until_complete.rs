//! A future and `run_until_complete`: <https://docs.python.org/3.6/library/asyncio-task.html#example-future-with-run-until-complete>
//!
//! The loop runs until the future is done, and gives its result.

use std::time::Duration;

use asyncio::{EventLoop, Future};

fn main() -> asyncio::Result<()> {
    let event_loop = EventLoop::new()?;
    let future = event_loop.create_future();
    let operation = event_loop.create_task(slow_operation(future.clone()))?;
    println!("{}", event_loop.run_until_complete(future)?);
    event_loop.run_until_complete(operation)?;
    event_loop.close()
}

#[asyncio::coroutine]
async fn slow_operation(future: Future<&'static str>) -> asyncio::Result<()> {
    asyncio::sleep(Duration::from_secs(1)).await;
    future.set_result("the future is done")
}
