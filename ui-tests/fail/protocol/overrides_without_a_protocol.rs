// error: is not a protocol

struct Echo;

#[asyncio::protocol(overrides)]
impl Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
