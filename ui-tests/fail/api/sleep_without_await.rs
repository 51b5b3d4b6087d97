// error: a sleep does nothing until it is awaited: write `.await`

#![deny(unused_must_use)]

#[asyncio::main]
async fn main() {
    asyncio::sleep(std::time::Duration::from_secs(1));
}
