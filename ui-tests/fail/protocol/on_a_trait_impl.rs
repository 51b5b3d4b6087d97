// error: `#[asyncio::protocol]` writes the `impl Protocol for …` itself: remove the trait's name and `for`

struct Echo;

#[asyncio::protocol]
impl asyncio::Protocol for Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
