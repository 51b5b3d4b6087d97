//! A future set by a task: <https://docs.python.org/3/library/asyncio-future.html#asyncio.Future>
//!
//! The link between callbacks and coroutines: whoever holds the future may set it once, whoever awaits it goes on then.

use std::time::Duration;

use asyncio::Future;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let future = asyncio::get_running_loop()?.create_future();
    let setter = asyncio::create_task(set_after(future.clone(), Duration::from_secs(1), "… world!"));
    println!("hello …");
    println!("{}", future.await?);
    setter.await
}

#[asyncio::coroutine]
async fn set_after(future: Future<&'static str>, delay: Duration, value: &'static str) -> asyncio::Result<()> {
    asyncio::sleep(delay).await;
    future.set_result(value)
}
