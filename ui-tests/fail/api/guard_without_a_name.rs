// error: dropped at once, it releases at once: write `let guard = …`
#![deny(unused_must_use)]

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let lock = asyncio::Lock::new();
    lock.hold().await?;
    println!("nobody else is here");
    Ok(())
}
