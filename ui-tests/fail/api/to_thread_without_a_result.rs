// error: write `Ok::<_, asyncio::Error>(…)` as its last line

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    asyncio::to_thread(|| 42).await?;
    Ok(())
}
