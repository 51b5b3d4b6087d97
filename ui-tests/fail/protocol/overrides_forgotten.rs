// error: conflicting implementations of trait `Protocol` for type `Echo`

#[asyncio::protocol]
struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
