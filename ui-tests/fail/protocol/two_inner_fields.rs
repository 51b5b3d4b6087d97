// error: the callbacks go to one inner protocol, and a field above is it: remove this mark

#[asyncio::protocol]
struct Silent;

#[asyncio::protocol]
struct Both {
    #[protocol(inner)]
    first: Silent,
    #[protocol(inner)]
    second: Silent,
}

fn main() {}
