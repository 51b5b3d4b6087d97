// error: a handler cannot return `usize`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: &[u8]) -> usize {
        data.len()
    }
}

fn main() {}
