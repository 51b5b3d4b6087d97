// error: cannot be sent between threads safely

use std::rc::Rc;

fn greet(event_loop: &asyncio::LoopHandle) -> asyncio::Result<()> {
    let name = Rc::new("world");
    event_loop.call_soon_threadsafe(move || println!("hello {name}"))
}

fn main() {}
