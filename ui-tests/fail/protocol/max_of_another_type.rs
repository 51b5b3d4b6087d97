// error: `max` is a number of bytes: write for example `max = 1024`

struct Echo;

#[asyncio::protocol(lines, max = "1024")]
impl Echo {
    fn line_received(&mut self, line: &[u8]) {
        println!("{line:?}");
    }
}

fn main() {}
