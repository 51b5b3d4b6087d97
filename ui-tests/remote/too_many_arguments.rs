// error: a remote function takes 6 arguments at most: put some into a struct

#[asyncio::remote]
fn sum(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) -> asyncio::Result<u8> {
    Ok(a + b + c + d + e + f + g)
}

fn main() {
    let _ = sum(1, 2, 3, 4, 5, 6, 7);
}
