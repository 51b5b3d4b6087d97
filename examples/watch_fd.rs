//! Watching a file descriptor: <https://docs.python.org/3/library/asyncio-eventloop.html#watch-a-file-descriptor-for-read-events>
//!
//! One end of a pair of sockets is watched, the other end is written to; any descriptor of the system's will do.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use asyncio::EventLoop;

fn main() -> asyncio::Result<()> {
    let event_loop = EventLoop::new()?;
    let (near, mut far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;

    let (reader, watcher) = (near.try_clone()?, event_loop.clone());
    event_loop.add_reader(&near, move || {
        let mut buffer = [0; 100];
        match (&reader).read(&mut buffer) {
            Ok(count) => println!("received: {}", String::from_utf8_lossy(&buffer[..count])),
            Err(error) => eprintln!("reading failed: {error}"),
        }
        watcher.stop();
    })?;

    // What comes from the network in a real program.
    event_loop.call_soon(move || {
        if let Err(error) = far.write_all(b"abc") {
            eprintln!("writing failed: {error}");
        }
    })?;

    event_loop.run_forever()?;
    // Before it is closed: the number may soon stand for something else.
    event_loop.remove_reader(&near);
    event_loop.close()
}
