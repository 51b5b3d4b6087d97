// error: the delimiter is a string of bytes: write for example

struct Echo;

#[asyncio::protocol(delimited = "\0")]
impl Echo {
    fn frame_received(&mut self, frame: &[u8]) {
        println!("{frame:?}");
    }
}

fn main() {}
