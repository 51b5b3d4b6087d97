// error: must give `()` or a `Result`, and this one gives `u32`

#[asyncio::remote]
fn double(number: u32) -> u32 {
    number * 2
}

fn main() {
    double(1);
}
