// error: nothing receives what `lines` cuts: write `fn line_received(&mut self, line: &[u8])`

struct Echo;

#[asyncio::protocol(lines, max = 1024)]
impl Echo {}

fn main() {}
