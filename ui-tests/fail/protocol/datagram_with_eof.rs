// error: `eof_received` belongs to a stream protocol, but `datagram_received` above makes this a datagram protocol

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn datagram_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }

    fn eof_received(&mut self) -> bool {
        true
    }
}

fn main() {}
