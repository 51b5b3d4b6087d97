// error: nothing waits for `connection_lost`, so it cannot wait itself: remove `async` and start a task

struct Echo;

#[asyncio::protocol]
impl Echo {
    async fn connection_lost(&mut self) {
        println!("lost");
    }
}

fn main() {}
