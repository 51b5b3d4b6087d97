//! A future and `run_forever`: <https://docs.python.org/3.6/library/asyncio-task.html#example-future-with-run-forever>
//!
//! Nobody awaits the future: a callback takes its result and stops the loop.

use std::time::Duration;

use asyncio::{EventLoop, Future};

fn main() -> asyncio::Result<()> {
    let event_loop = EventLoop::new()?;
    let future = event_loop.create_future();
    let operation = event_loop.create_task(slow_operation(future.clone()))?;
    let stopper = event_loop.clone();
    future.add_done_callback(move |future| {
        match future.result() {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("it failed: {error}"),
        }
        stopper.stop();
    });
    event_loop.run_forever()?;
    operation.into_result()?;
    event_loop.close()
}

#[asyncio::coroutine]
async fn slow_operation(future: Future<&'static str>) -> asyncio::Result<()> {
    asyncio::sleep(Duration::from_secs(1)).await;
    future.set_result("the future is done")
}
