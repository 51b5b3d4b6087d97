// error: required because it appears within the type `Guard<Lock>`

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let lock = asyncio::Lock::new();
    let guard = lock.hold().await?;
    std::thread::spawn(move || drop(guard));
    Ok(())
}
