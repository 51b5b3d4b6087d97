// error: `#[asyncio::protocol]` has no argument `override`: write `overrides`

#[asyncio::protocol]
struct Echo;

#[asyncio::protocol(override)]
impl Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
