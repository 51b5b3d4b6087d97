// error: `datagram_received` makes this a datagram protocol, and `overrides` goes with stream protocols only

struct Echo;

#[asyncio::protocol(overrides)]
impl Echo {
    fn datagram_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
