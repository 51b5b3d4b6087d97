// error: cannot be sent between threads safely

use std::rc::Rc;

fn greet(event_loop: &asyncio::LoopHandle) -> asyncio::Result<()> {
    let name = Rc::new("world");
    let greeted = asyncio::run_coroutine_threadsafe(async move || println!("hello {name}"), event_loop)?;
    greeted.result(None)
}

fn main() {}
