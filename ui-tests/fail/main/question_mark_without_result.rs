// error: the `?` operator can only be used in an async function that returns `Result`

#[asyncio::main]
async fn main() {
    let text = std::fs::read_to_string("greeting.txt")?;
    println!("{text}");
}
