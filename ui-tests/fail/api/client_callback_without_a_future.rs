// error: expected `{closure
#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let server = asyncio::start_server(|_reader, writer| writer.close(), "127.0.0.1", 0).await?;
    server.serve_forever().await
}
