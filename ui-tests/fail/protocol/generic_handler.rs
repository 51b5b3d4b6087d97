// error: `data_received` has no generic parameters: put them on the type, and write `fn data_received`

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received<T: Default>(&mut self, data: &[u8]) {
        let _ = (T::default(), data);
    }
}

fn main() {}
