// error: let bindings cannot shadow statics

#[asyncio::remote]
fn double(number: u32) -> asyncio::Result<u32> {
    Ok(number * 2)
}

fn main() {
    let double = double(1);
    drop(double);
}
