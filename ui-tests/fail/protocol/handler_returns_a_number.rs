// error: return `()`, or `Result<(), E>` with an error that converts into `asyncio::Error`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: &[u8]) -> usize {
        data.len()
    }
}

fn main() {}
