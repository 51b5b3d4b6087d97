// error: `overrides` belongs to an `impl` block beside the struct: remove it here

#[asyncio::protocol(overrides)]
struct Echo;

fn main() {}
