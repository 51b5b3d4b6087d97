// error: `h` is not a unit of time: write `"5s"`, `"250ms"` or `"1m"`

#[asyncio::test(timeout = "1h")]
async fn answers() {}

fn main() {}
