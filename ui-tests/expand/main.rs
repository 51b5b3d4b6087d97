// The function where the program starts: the user's stays whole inside.

#[asyncio::main(debug)]
async fn main() -> asyncio::Result<()> {
    asyncio::sleep(Duration::from_secs(1)).await;
    Ok(())
}
