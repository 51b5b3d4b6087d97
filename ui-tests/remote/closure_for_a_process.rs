// error: expected `RemoteCall<_>`, found closure

use asyncio::ProcessPoolExecutor;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let pool = ProcessPoolExecutor::new();
    pool.submit(|| Ok::<_, asyncio::Error>(1))?;
    Ok(())
}
