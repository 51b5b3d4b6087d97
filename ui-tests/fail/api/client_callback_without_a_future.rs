// error: `()` is not a future
use asyncio::{StreamReader, StreamWriter};

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let server = asyncio::start_server(|_: StreamReader, writer: StreamWriter| writer.close(), "127.0.0.1", 0).await?;
    server.serve_forever().await
}
