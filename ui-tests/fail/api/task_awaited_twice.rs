// error: use of moved value: `task`

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let task = asyncio::create_task(async { println!("work") });
    task.await?;
    task.await
}
