// error: `#[asyncio::coroutine]` takes no arguments: remove the parentheses

#[asyncio::coroutine(name = "greet")]
async fn greet() {}

fn main() {}
