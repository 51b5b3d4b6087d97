// error: `exc` has another type: write `&asyncio::Error`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn error_received(&mut self, exc: Option<&asyncio::Error>) {
        println!("{exc:?}");
    }
}

fn main() {}
