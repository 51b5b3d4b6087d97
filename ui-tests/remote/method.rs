// error: write a free function that takes what it needs as arguments

struct Shop;

impl Shop {
    #[asyncio::remote]
    fn thumb(&self, image: Vec<u8>) -> asyncio::Result<Vec<u8>> {
        Ok(image)
    }
}

fn main() {
    let _ = Shop.thumb(vec![]);
}
