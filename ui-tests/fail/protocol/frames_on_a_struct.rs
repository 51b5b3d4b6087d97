// error: `lines` belongs to the `impl` block with `line_received`: move the attribute there

#[asyncio::protocol(lines)]
struct Echo;

fn main() {}
