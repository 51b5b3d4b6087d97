// error: a remote function is found by its name, which has no generic parameters: write it for one type

#[asyncio::remote]
fn same<T>(value: T) -> asyncio::Result<T> {
    Ok(value)
}

fn main() {
    let _ = same(1);
}
