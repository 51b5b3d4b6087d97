// error: a field that receives the callbacks is marked `#[protocol(inner)]`: write that

#[asyncio::protocol]
struct Silent;

#[asyncio::protocol]
struct Outer {
    #[protocol(iner)]
    first: Silent,
}

fn main() {}
