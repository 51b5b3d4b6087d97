// error: `data_received` belongs to a stream protocol, but `get_buffer` above makes this a buffered protocol

struct Echo([u8; 8]);

#[asyncio::protocol]
impl Echo {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.0
    }

    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
