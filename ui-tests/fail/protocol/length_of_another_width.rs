// error: the length is a `u16`, `u32` or `u64`

struct Echo;

#[asyncio::protocol(length_prefixed = u8)]
impl Echo {
    fn frame_received(&mut self, frame: &[u8]) {
        println!("{frame:?}");
    }
}

fn main() {}
