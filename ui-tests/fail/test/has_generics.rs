// error: a test has no generic parameters: write `async fn answers()`

#[asyncio::test]
async fn answers<T>() {}

fn main() {}
