// error: nothing is acquired until it is awaited: write `.await`
#![deny(unused_must_use)]

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let lock = asyncio::Lock::new();
    lock.acquire();
    lock.release()
}
