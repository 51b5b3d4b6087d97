// error: `timeout` of `#[asyncio::test]` is a string: write `timeout = "5s"`

#[asyncio::test(timeout = 5)]
async fn answers() {}

fn main() {}
