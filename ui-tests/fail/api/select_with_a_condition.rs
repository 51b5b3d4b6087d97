// error: a branch has no condition: write the condition into the future

#[asyncio::main]
async fn main() {
    asyncio::select! {
        () = asyncio::sleep(std::time::Duration::ZERO), if true => {}
    }
}
