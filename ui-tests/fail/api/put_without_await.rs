// error: nothing is put until it is awaited: write `.await`
#![deny(unused_must_use)]

#[asyncio::main]
async fn main() {
    let queue = asyncio::Queue::new();
    queue.put(1);
}
