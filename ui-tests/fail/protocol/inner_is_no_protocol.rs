// error: is not a protocol

#[asyncio::protocol]
struct Logged {
    #[protocol(inner)]
    inner: String,
}

fn main() {}
