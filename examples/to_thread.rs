//! A blocking function beside a coroutine: <https://docs.python.org/3/library/asyncio-task.html#running-in-threads>

use std::thread;
use std::time::Duration;

use asyncio::ContextVar;

static REQUEST: ContextVar<u32> = ContextVar::new("request");

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    REQUEST.set(7);
    let nap = async {
        asyncio::sleep(Duration::from_millis(500)).await;
        println!("the loop has slept beside it");
        Ok::<_, asyncio::Error>(())
    };
    let (words, ()) = asyncio::gather!(asyncio::to_thread(blocking_io), nap).await?;
    println!("{words} words were counted");
    Ok(())
}

/// Nothing in here awaits: called on the loop, it would stop everything else.
fn blocking_io() -> std::io::Result<usize> {
    println!("request {:?} is served by {:?}", REQUEST.get(), thread::current().name());
    thread::sleep(Duration::from_millis(500));
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))?;
    Ok(text.split_whitespace().count())
}
