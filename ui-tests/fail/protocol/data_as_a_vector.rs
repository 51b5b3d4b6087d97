// error: `data` has another type: write `&[u8]`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: Vec<u8>) {
        println!("{data:?}");
    }
}

fn main() {}
