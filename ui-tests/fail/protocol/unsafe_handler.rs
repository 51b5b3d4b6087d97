// error: remove `unsafe`: the event loop calls `data_received`, and cannot keep a promise for you

struct Echo;

#[asyncio::protocol]
impl Echo {
    unsafe fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
