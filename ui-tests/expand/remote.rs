// A function for other processes: a static of its name, with the function inside and an entry beside it.

/// A smaller image.
#[asyncio::remote]
pub fn thumb(image: Vec<u8>, width: u32) -> asyncio::Result<Vec<u8>> {
    Ok(image.into_iter().step_by(width as usize).collect())
}
