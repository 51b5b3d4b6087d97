// error: `data_received` is not given `address`: it may ask for `transport`, `data`, in this order

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, address: &str) {
        println!("{address}");
    }
}

fn main() {}
