// error: `eof_received` says whether the transport stays open for writing: write `-> bool` after its arguments

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn eof_received(&mut self) {}
}

fn main() {}
