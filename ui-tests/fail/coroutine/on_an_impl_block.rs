// error: `#[asyncio::coroutine]` stands on an `async fn`: move it there, or remove it

struct Greeter;

#[asyncio::coroutine]
impl Greeter {
    async fn greet(&self) {}
}

fn main() {}
