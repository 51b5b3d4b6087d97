//! Cancelling a task, which cleans up: <https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.cancel>

use std::time::Duration;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let task = asyncio::create_task(cancel_me());
    asyncio::sleep(Duration::from_millis(100)).await;
    task.cancel_with("it is late");
    match task.await {
        Ok(()) => println!("main: it was quicker than the cancel"),
        Err(error) if error.is_cancelled() => println!("main: {error}"),
        Err(error) => return Err(error),
    }
    Ok(())
}

#[asyncio::coroutine]
async fn cancel_me() {
    println!("cancel_me: before the sleep");
    asyncio::finally! {
        println!("cancel_me: cleans up, which takes a moment");
        asyncio::sleep(Duration::from_millis(100)).await;
        println!("cancel_me: has cleaned up");
    }
    asyncio::sleep(Duration::from_secs(3600)).await;
    println!("cancel_me: after the sleep");
}
