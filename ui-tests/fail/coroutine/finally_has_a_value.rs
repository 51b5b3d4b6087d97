// error: mismatched types

#[asyncio::coroutine]
async fn work() {
    asyncio::finally! { 42 }
    println!("work");
}

fn main() {}
