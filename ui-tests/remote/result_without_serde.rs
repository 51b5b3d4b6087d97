// error: for local types consider adding `#[derive(serde::Serialize)]` to your `Image` type

struct Image;

#[asyncio::remote]
fn load(_path: String) -> asyncio::Result<Image> {
    Ok(Image)
}

fn main() {
    let _ = load(String::new());
}
