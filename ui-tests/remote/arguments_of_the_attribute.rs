// error: `#[asyncio::remote]` takes no arguments: remove the parentheses

#[asyncio::remote(pool)]
fn nothing() {}

fn main() {
    nothing();
}
