// error: `line_received` needs to know how frames are told apart: write `#[asyncio::protocol(lines)]`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn line_received(&mut self, line: &[u8]) {
        println!("{line:?}");
    }
}

fn main() {}
