// error: `finally!` stands only in the outermost block of a `#[asyncio::coroutine]`

async fn work() {
    asyncio::finally! { println!("clean") }
    println!("work");
}

#[asyncio::main]
async fn main() {
    work().await;
}
