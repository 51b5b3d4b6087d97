// error: `lines` makes this a protocol of lines: write `line_received` instead of `data_received`

struct Echo;

#[asyncio::protocol(lines)]
impl Echo {
    fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
