// error: no callback is called `data_recieved`: write `data_received`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_recieved(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }
}

fn main() {}
