// error: `#[asyncio::protocol]` stands on an `impl` block or a `struct`: move it there, or remove it

#[asyncio::protocol]
fn data_received(data: &[u8]) {
    println!("{data:?}");
}

fn main() {}
