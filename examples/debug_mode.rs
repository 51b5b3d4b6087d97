//! Debug mode: <https://docs.python.org/3/library/asyncio-dev.html#debug-mode>
//!
//! A callback that takes too long, a coroutine that nobody awaits, and a look at who waits where.

use std::time::Duration;

use asyncio::sleep;

#[asyncio::coroutine]
async fn reads() {
    sleep(Duration::from_secs(3600)).await;
}

#[asyncio::coroutine]
async fn serves() {
    reads().await;
}

#[asyncio::main(debug)]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    event_loop.set_slow_callback_duration(Duration::from_millis(20));
    event_loop.call_soon(|| std::thread::sleep(Duration::from_millis(30)))?;

    // Written by mistake; `.await` is missing.
    drop(reads());

    let server = asyncio::create_task(serves()).named("the server");
    sleep(Duration::from_millis(10)).await;
    asyncio::print_call_graph(Some(&server))?;
    print!("{}", event_loop.task_tree());

    let metrics = event_loop.metrics();
    println!("{} tasks were started, {} are alive", metrics.tasks_spawned, metrics.tasks_alive);
    Ok(())
}
