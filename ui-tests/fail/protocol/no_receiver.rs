// error: a handler is a method: write `fn data_received(&mut self, …)`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(transport: &Transport, data: &[u8]) {
        transport.write(data);
    }
}

fn main() {}
