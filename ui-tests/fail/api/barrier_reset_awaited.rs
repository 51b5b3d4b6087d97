// error: `()` is not a future

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    asyncio::Barrier::new(2)?.reset().await;
    Ok(())
}
