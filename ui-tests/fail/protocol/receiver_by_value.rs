// error: the connection keeps the protocol and lends it to its handlers: write `&mut self`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }
}

fn main() {}
