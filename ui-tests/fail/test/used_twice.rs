// error: `#[asyncio::test]` stands here twice: remove this one

#[asyncio::test]
#[asyncio::test(debug)]
async fn answers() {}

fn main() {}
