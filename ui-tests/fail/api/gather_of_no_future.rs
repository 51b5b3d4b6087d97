// error: `u8` is not a future

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let ready = async { Ok::<_, asyncio::Error>(1) };
    asyncio::gather!(ready, 5u8).await?;
    Ok(())
}
