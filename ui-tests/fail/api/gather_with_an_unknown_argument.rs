// error: unknown argument: the only one with a name is `return_exceptions`

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let ready = async { Ok::<_, asyncio::Error>(1) };
    asyncio::gather!(ready, timeout = 3).await?;
    Ok(())
}
