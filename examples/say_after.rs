//! Awaiting one after the other, and beside each other: <https://docs.python.org/3/library/asyncio-task.html#coroutines>

use std::time::Duration;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;

    let began = event_loop.time();
    say_after(100, "hello").await;
    say_after(200, "world").await;
    println!("one after the other: {:.1?}", event_loop.time() - began);

    let began = event_loop.time();
    let hello = asyncio::create_task(say_after(100, "hello"));
    let world = asyncio::create_task(say_after(200, "world"));
    hello.await?;
    world.await?;
    println!("beside each other: {:.1?}", event_loop.time() - began);
    Ok(())
}

#[asyncio::coroutine]
async fn say_after(milliseconds: u64, what: &'static str) {
    asyncio::sleep(Duration::from_millis(milliseconds)).await;
    println!("{what}");
}
