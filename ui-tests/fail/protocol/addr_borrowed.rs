// error: `addr` has another type: write `std::net::SocketAddr`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn datagram_received(&mut self, data: &[u8], addr: &std::net::SocketAddr) {
        println!("{data:?} {addr}");
    }
}

fn main() {}
