// error: `exc` has another type: write `Option<&asyncio::Error>`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn connection_lost(&mut self, exc: &asyncio::Error) {
        println!("{exc}");
    }
}

fn main() {}
