// error: `datagram_received` belongs to a datagram protocol, but `data_received` above makes this a stream protocol

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }

    fn datagram_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
