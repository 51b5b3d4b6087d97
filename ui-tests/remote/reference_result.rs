// error: a reference cannot leave its process: write a type that owns what it has

#[asyncio::remote]
fn name() -> &'static str {
    "thumb"
}

fn main() {
    name();
}
