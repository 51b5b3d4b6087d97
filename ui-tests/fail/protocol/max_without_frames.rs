// error: `max` limits frames, and there are none

struct Echo;

#[asyncio::protocol(max = 1024)]
impl Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
