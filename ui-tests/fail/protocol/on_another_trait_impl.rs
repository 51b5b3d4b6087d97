// error: handlers stand in an `impl` block of the type alone

struct Echo;

#[asyncio::protocol]
impl Drop for Echo {
    fn drop(&mut self) {}
}

fn main() {}
