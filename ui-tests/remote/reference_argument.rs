// error: write a type that owns what it has, as `String` for `&str` and `Vec<T>` for `&[T]`

#[asyncio::remote]
fn thumb(image: &[u8], width: u32) -> asyncio::Result<Vec<u8>> {
    Ok(vec![image[0]; width as usize])
}

fn main() {
    let _ = thumb(&[1], 2);
}
