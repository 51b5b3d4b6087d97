#![deny(warnings)]

#[asyncio::main]
#[asyncio::coroutine]
/// Attribute macros stay with the async function.
async fn main() {
    asyncio::finally! { println!("clean") }
    println!("work");
}
