// error: arguments are found by their names: write for example `_transport: &Transport`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, _: &Transport, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
