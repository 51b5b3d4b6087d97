// error: mismatched types

#[asyncio::coroutine]
async fn length(text: &str) -> usize {
    text.len();
}

fn main() {}
