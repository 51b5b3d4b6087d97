// error: `process_exited` makes this a subprocess protocol, and these come with a later version of asyncio

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn process_exited(&mut self) {}
}

fn main() {}
