// error: `#[asyncio::main]` stands on an `async fn`: move it there, or remove it

#[asyncio::main]
struct App;

fn main() {}
