// error: cannot be sent between threads safely

use std::rc::Rc;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let name = Rc::new("world");
    asyncio::to_thread(move || println!("hello {name}")).await
}
