// error: required because it appears within the type `EventLoop`

fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::EventLoop::new()?;
    std::thread::spawn(move || event_loop.stop());
    Ok(())
}
