// error: nothing follows this `finally!`, so it guards nothing

#[asyncio::coroutine]
async fn work() {
    println!("work");
    asyncio::finally! { println!("clean") }
}

fn main() {}
