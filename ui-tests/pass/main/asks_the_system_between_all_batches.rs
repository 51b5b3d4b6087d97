#![deny(warnings)]

use std::cell::Cell;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

#[asyncio::main(strict)]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let (near, mut far) = UnixStream::pair()?;
    let called = Rc::new(Cell::new(false));
    let seen = called.clone();
    event_loop.add_reader(&near, move || seen.set(true))?;
    asyncio::sleep(Duration::ZERO).await;
    far.write_all(b"x")?;
    for _ in 0..2 {
        asyncio::sleep(Duration::ZERO).await;
    }
    assert!(called.get(), "strict mode looks in every tick; else the loop would look after many more callbacks");
    assert!(event_loop.remove_reader(&near));
    Ok(())
}
