// error: `#[asyncio::remote]` stands on a free function: move it there, or remove it

#[asyncio::remote]
struct Image;

fn main() {
    let _ = Image;
}
