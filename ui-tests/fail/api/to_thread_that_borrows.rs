// error: may outlive

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let name = String::from("world");
    asyncio::to_thread(|| println!("hello {name}")).await
}
