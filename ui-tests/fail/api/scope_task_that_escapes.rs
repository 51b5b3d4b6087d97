// error: does not live long enough

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let task = {
        let word = String::from("short-lived");
        asyncio::scope(async |s| Ok(s.spawn(async { Ok::<_, asyncio::Error>(&word) }))).await?
    };
    println!("{}", task.await?);
    Ok(())
}
