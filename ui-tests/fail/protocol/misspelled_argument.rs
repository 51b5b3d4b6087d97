// error: `connection_made` is not given `trasport`: write `transport`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn connection_made(&mut self, trasport: &Transport) {
        trasport.close();
    }
}

fn main() {}
