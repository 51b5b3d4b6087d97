// error: `transport` has another type: write `&Transport`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn connection_made(&mut self, transport: &mut Transport) {
        transport.close();
    }
}

fn main() {}
