// error: `#[asyncio::main]` has no argument `debgu`: write `debug`

#[asyncio::main(debgu)]
async fn main() {}
