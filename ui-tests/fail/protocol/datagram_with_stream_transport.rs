// error: `transport` has another type: write `&DatagramTransport`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn datagram_received(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }
}

fn main() {}
