// error: `#[asyncio::coroutine]` makes a coroutine of an async function: write `async fn greet`

#[asyncio::coroutine]
fn greet(name: &str) -> String {
    format!("hello {name}")
}

fn main() {}
