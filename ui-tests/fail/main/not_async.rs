// error: write `async fn main`

#[asyncio::main]
fn main() {
    println!("hello");
}
