// error: cannot be sent between threads safely

use std::rc::Rc;

static NAME: asyncio::ContextVar<Rc<str>> = asyncio::ContextVar::new("name");

fn main() {
    println!("{:?}", NAME.get());
}
