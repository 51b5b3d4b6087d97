//! Coroutines that await coroutines: <https://docs.python.org/3.6/library/asyncio-task.html#example-chain-coroutines>
//!
//! Awaiting one runs it inside of the same task; only `create_task` makes two things go on at once.

use std::time::Duration;

#[asyncio::main]
async fn main() {
    print_sum(1, 2).await;
}

#[asyncio::coroutine]
async fn print_sum(x: i32, y: i32) {
    let sum = compute(x, y).await;
    println!("{x} + {y} = {sum}");
}

#[asyncio::coroutine]
async fn compute(x: i32, y: i32) -> i32 {
    println!("computing {x} + {y} …");
    asyncio::sleep(Duration::from_secs(1)).await;
    x + y
}
