//! Hello World by a coroutine: <https://docs.python.org/3/library/asyncio.html>
//!
//! `main` is the coroutine that `asyncio::run` is given in Python; here the attribute does that.

use std::time::Duration;

#[asyncio::main]
async fn main() {
    println!("Hello …");
    asyncio::sleep(Duration::from_secs(1)).await;
    println!("… world!");
}
