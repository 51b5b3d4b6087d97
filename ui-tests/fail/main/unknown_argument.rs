// error: `#[asyncio::main]` has no argument `worker_threads`: write one of `debug`, `strict`, or remove it

#[asyncio::main(worker_threads = 4)]
async fn main() {}
