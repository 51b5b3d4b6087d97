// error: refutable pattern in local binding

#[asyncio::main]
async fn main() {
    asyncio::select! {
        Some(line) = async { Some("line") } => println!("{line}"),
    }
}
