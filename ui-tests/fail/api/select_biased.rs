// error: branches are always tried in the order in which they stand: delete `biased;`

#[asyncio::main]
async fn main() {
    asyncio::select! {
        biased;
        () = asyncio::sleep(std::time::Duration::ZERO) => {}
    }
}
