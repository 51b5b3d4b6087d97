// error: remove `unsafe`: `#[asyncio::main]` takes safe functions, with `unsafe` blocks inside

#[asyncio::main]
async unsafe fn main() {}
