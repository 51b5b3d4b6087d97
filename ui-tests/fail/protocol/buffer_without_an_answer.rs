// error: `get_buffer` says where to receive into: write `-> &mut [u8]` after its arguments

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn get_buffer(&mut self) {}

    fn buffer_updated(&mut self, nbytes: usize) {
        println!("{nbytes}");
    }
}

fn main() {}
