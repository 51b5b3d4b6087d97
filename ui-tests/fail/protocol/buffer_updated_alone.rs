// error: `buffer_updated` makes this a buffered protocol, which needs another callback too: write `fn get_buffer(&mut self) -> &mut [u8]`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn buffer_updated(&mut self, nbytes: usize) {
        println!("{nbytes}");
    }
}

fn main() {}
