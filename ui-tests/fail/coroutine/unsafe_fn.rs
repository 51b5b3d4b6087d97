// error: remove `unsafe`: `#[asyncio::coroutine]` takes safe functions, with `unsafe` blocks inside

#[asyncio::coroutine]
async unsafe fn greet() {}

fn main() {}
