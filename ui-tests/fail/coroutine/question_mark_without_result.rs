// error: the `?` operator can only be used in an async block that returns `Result`

#[asyncio::coroutine]
async fn read(path: &str) {
    let text = std::fs::read_to_string(path)?;
    println!("{text}");
}

fn main() {}
