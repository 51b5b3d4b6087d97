// error: a value is missing: write it after `debug =`

#[asyncio::main(debug = )]
async fn main() {}
