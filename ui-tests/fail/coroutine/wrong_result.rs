// error: mismatched types

#[asyncio::coroutine]
async fn length(text: &str) -> u64 {
    text.len()
}

fn main() {}
