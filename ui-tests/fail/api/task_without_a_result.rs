// error: write `async { Ok::<_, asyncio::Error>(….await) }`

#[asyncio::main]
async fn main() {
    let task = asyncio::create_task(async { 42 });
    drop(task);
}
