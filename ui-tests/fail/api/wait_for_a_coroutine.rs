// error: is no task and no future of asyncio

#[asyncio::main]
async fn main() {
    let coroutine = std::future::ready(1);
    let waiting = asyncio::wait([coroutine]);
    drop(waiting);
}
