// error: this argument stands here twice: remove one

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: &[u8], data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
