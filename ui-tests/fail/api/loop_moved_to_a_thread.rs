// error: cannot be sent between threads safely

fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::EventLoop::new()?;
    std::thread::spawn(move || event_loop.stop());
    Ok(())
}
