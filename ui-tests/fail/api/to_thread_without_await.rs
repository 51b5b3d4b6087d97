// error: the function is not called until this is awaited: write `.await`
#![deny(unused_must_use)]

#[asyncio::main]
async fn main() {
    asyncio::to_thread(|| println!("hello"));
}
