// error: `finally!` stands only in the outermost block of a `#[asyncio::coroutine]`

#[asyncio::coroutine]
async fn work() {
    let () = asyncio::finally! { println!("clean") };
    println!("work");
}

fn main() {}
