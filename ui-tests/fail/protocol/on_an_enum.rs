// error: `#[asyncio::protocol]` stands on an `impl` block or a `struct`: move it there, or remove it

#[asyncio::protocol]
enum Echo {
    Silent,
    Loud,
}

fn main() {}
