// error: `debug` is a switch: write `debug`, `debug = true` or `debug = false`

#[asyncio::main(debug = 1)]
async fn main() {}
