// error: mismatched types

#[asyncio::main]
async fn main() {
    let job = Box::pin(asyncio::sleep(std::time::Duration::ZERO));
    asyncio::select! {
        keep () = job => {}
    }
}
