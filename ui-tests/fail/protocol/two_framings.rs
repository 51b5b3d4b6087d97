// error: frames are told apart in one way: remove `length_prefixed`

struct Echo;

#[asyncio::protocol(delimited = b"\0", length_prefixed = u32)]
impl Echo {
    fn frame_received(&mut self, frame: &[u8]) {
        println!("{frame:?}");
    }
}

fn main() {}
