// error: `seeds` is a whole number: write `seeds = 100`

#[asyncio::test(seeds = "100")]
async fn many_orders() {}

fn main() {}
