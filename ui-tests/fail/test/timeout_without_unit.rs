// error: the timeout has no unit: write `"5s"`, `"250ms"` or `"1m"`

#[asyncio::test(timeout = "5")]
async fn answers() {}

fn main() {}
