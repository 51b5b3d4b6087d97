// error: async block may outlive the current function, but it borrows `word`

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    asyncio::scope(async |s| {
        let word = String::from("short-lived");
        s.spawn(async { println!("{}", &word) });
        Ok(())
    })
    .await
}
