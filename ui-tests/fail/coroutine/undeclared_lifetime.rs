// error: use of undeclared lifetime name `'a`

#[asyncio::coroutine]
async fn first() -> &'a str {
    "first"
}

fn main() {}
