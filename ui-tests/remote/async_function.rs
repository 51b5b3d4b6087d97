// error: remove `async`, and write `asyncio::run(async { … })` in the body where it awaits

#[asyncio::remote]
async fn thumb(image: Vec<u8>) -> asyncio::Result<Vec<u8>> {
    Ok(image)
}

fn main() {
    let _ = thumb(vec![]);
}
