// error: a coroutine does nothing until it is awaited: write `.await`

#![deny(unused_must_use)]

#[asyncio::coroutine]
async fn greet() {
    println!("hello");
}

#[asyncio::main]
async fn main() {
    greet();
}
