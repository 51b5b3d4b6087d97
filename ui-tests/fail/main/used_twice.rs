// error: `#[asyncio::main]` stands here twice: remove this one

#[asyncio::main]
#[asyncio::main(debug)]
async fn main() {}
