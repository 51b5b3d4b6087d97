// error: `data_received` stands here twice: merge the two, or remove this one

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }

    fn data_received(&mut self, transport: &Transport) {
        transport.close();
    }
}

fn main() {}
