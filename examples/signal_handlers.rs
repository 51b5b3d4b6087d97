//! Signal handlers: <https://docs.python.org/3/library/asyncio-eventloop.html#set-signal-handlers-for-sigint-and-sigterm>
//!
//! Runs until it gets SIGINT (Ctrl-C) or SIGTERM (`kill`), and counts what SIGHUP would have it read anew.

use std::cell::Cell;
use std::rc::Rc;

use asyncio::Signal;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let ended = event_loop.create_future();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let ended = ended.clone();
        event_loop.add_signal_handler(signal, move || {
            // A second signal finds the future done: the end is on its way.
            if !ended.done() && ended.set_result(signal).is_ok() {
                println!("got signal {signal}: exit");
            }
        })?;
    }

    let times = Rc::new(Cell::new(0));
    let counted = times.clone();
    event_loop.add_signal_handler(Signal::SIGHUP, move || {
        counted.set(counted.get() + 1);
        println!("reading the configuration again");
    })?;

    println!("press Ctrl-C, or send SIGHUP, SIGINT or SIGTERM to process {}", std::process::id());
    let signal = ended.await?;
    println!("{signal} after {} SIGHUPs", times.get());
    Ok(())
}
