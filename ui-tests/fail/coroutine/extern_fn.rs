// error: remove `extern`: what `#[asyncio::coroutine]` makes is called from Rust only

#[asyncio::coroutine]
async extern "C" fn greet() {}

fn main() {}
