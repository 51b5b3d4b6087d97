// error: `#[asyncio::coroutine]` stands here twice: remove this one

#[asyncio::coroutine]
#[asyncio::coroutine]
async fn greet() {}

fn main() {}
