// error: no callback is called `on_data`: write `data_received`

use asyncio::Transport;

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn on_data(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }
}

fn main() {}
