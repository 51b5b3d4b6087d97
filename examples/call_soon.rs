//! Hello World by a callback: <https://docs.python.org/3/library/asyncio-eventloop.html#hello-world-with-call-soon>
//!
//! The loop by hand, without a coroutine. Programs seldom do this; it shows what stands below everything else.

use asyncio::EventLoop;

fn main() -> asyncio::Result<()> {
    let event_loop = EventLoop::new()?;
    let stopper = event_loop.clone();
    event_loop.call_soon(move || {
        println!("Hello world!");
        stopper.stop();
    })?;
    // Runs until stop() is called, and finishes the batch that calls it.
    event_loop.run_forever()?;
    event_loop.close()
}
