// error: `timeout` needs a value: write `timeout = "5s"`

#[asyncio::test(timeout)]
async fn answers() {}

fn main() {}
