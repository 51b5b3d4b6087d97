// error: `transport` comes first: write it before `data`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: &[u8], transport: &Transport) {
        transport.write(data);
    }
}

fn main() {}
