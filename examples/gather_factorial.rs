//! Three factorials beside each other: <https://docs.python.org/3/library/asyncio-task.html#running-tasks-concurrently>

use std::time::Duration;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let factorials = asyncio::gather([factorial("A", 2), factorial("B", 3), factorial("C", 4)]).await?;
    println!("{factorials:?}");
    Ok(())
}

#[asyncio::coroutine]
async fn factorial(name: &'static str, number: u64) -> asyncio::Result<u64> {
    let mut product = 1;
    for factor in 2..=number {
        println!("task {name}: {number}! is being computed, {factor} is next");
        asyncio::sleep(Duration::from_millis(200)).await;
        product *= factor;
    }
    println!("task {name}: {number}! = {product}");
    Ok(product)
}
