// error: `datagram_received` makes this a datagram protocol, and these come with a later version of asyncio

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn datagram_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
