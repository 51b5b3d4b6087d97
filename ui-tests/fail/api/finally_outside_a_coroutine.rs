// error: `finally!` stands only in the outermost block of a `#[asyncio::coroutine]`

fn main() {
    asyncio::finally! { println!("clean") }
    println!("work");
}
