// error: write `-> asyncio::Result<()>`

#[asyncio::main]
async fn main() -> u8 {
    0
}
