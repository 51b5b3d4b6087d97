// error: a coroutine belongs on the loop: `asyncio::create_task(…)`

async fn fetch() {}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    asyncio::to_thread(fetch).await?;
    Ok(())
}
