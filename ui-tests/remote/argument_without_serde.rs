// error: for local types consider adding `#[derive(serde::Serialize)]` to your `Image` type

struct Image;

#[asyncio::remote]
fn thumb(_image: Image) -> asyncio::Result<u32> {
    Ok(1)
}

fn main() {
    let _ = thumb(Image);
}
