// error: this version has no async handlers yet: remove `async` and start a task with `asyncio::create_task`

struct Echo;

#[asyncio::protocol]
impl Echo {
    async fn data_received(&mut self, data: &[u8]) {
        println!("{data:?}");
    }
}

fn main() {}
