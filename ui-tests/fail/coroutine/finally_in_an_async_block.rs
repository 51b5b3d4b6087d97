// error: `finally!` stands only in the outermost block of a `#[asyncio::coroutine]`

#[asyncio::coroutine]
async fn work() {
    let inner = async {
        finally! { println!("clean") }
        println!("work");
    };
    inner.await;
}

fn main() {}
