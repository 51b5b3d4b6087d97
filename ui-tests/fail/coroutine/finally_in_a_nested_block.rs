// error: `finally!` stands only in the outermost block of a `#[asyncio::coroutine]`

#[asyncio::coroutine]
async fn work(fast: bool) {
    if fast {
        asyncio::finally! { println!("clean") }
        println!("work");
    }
}

fn main() {}
