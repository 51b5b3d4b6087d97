// error: the timeout is a number and a unit: write `"5s"`, `"250ms"` or `"1m"`

#[asyncio::test(timeout = "1.2.3s")]
async fn answers() {}

fn main() {}
