// error: `Nothing` is not a protocol

struct Nothing;

async fn connect(event_loop: asyncio::EventLoop) -> asyncio::Result<()> {
    let (transport, _) = event_loop.create_connection(|| Nothing, "::1", 7).await?;
    transport.close();
    Ok(())
}

fn main() {}
