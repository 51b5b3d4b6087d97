// error: `buffer_updated` makes this a buffered protocol, and these come with a later version of asyncio

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn buffer_updated(&mut self, count: usize) {
        println!("{count}");
    }
}

fn main() {}
