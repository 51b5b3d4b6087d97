// error: a handler that overrides one of a field cannot wait: remove `async` and start a task

#[asyncio::protocol]
struct Echo;

#[asyncio::protocol(overrides)]
impl Echo {
    async fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
