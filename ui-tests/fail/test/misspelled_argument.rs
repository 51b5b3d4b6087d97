// error: `#[asyncio::test]` has no argument `virtual_tme`: write `virtual_time`

#[asyncio::test(virtual_tme)]
async fn answers() {}

fn main() {}
