#![deny(warnings)]

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Mutex;

/// The value is coerced to the type that the signature gives, on every way out.
#[asyncio::coroutine]
async fn coerced(early: bool) -> Box<dyn Display> {
    if early {
        return Box::new(1);
    }
    Box::new("late")
}

#[asyncio::coroutine]
async fn sliced(bytes: &[u8; 2]) -> &[u8] {
    bytes
}

#[asyncio::coroutine]
async fn opaque(text: &str) -> impl Display {
    text.len()
}

#[asyncio::coroutine]
async fn converted(text: &str) -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
    Ok(text.parse()?)
}

#[asyncio::coroutine]
async fn function() -> for<'a> fn(&'a str) -> &'a str {
    str::trim
}

/// What the last expression borrows from the arguments is given back before they go, in edition 2021 too.
#[asyncio::coroutine]
async fn last_expression(number: Mutex<u8>) -> u8 {
    *number.lock().unwrap()
}

#[asyncio::coroutine]
async fn endless() -> Infallible {
    loop {
        std::future::pending::<()>().await;
    }
}

#[asyncio::coroutine]
async fn a_task() -> asyncio::Task<u8> {
    asyncio::create_task(async { Ok::<_, asyncio::Error>(7) })
}

#[asyncio::coroutine]
async fn factorial(n: u64) -> u64 {
    if n < 2 { 1 } else { n * Box::pin(factorial(n - 1)).await }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    assert_eq!(coerced(true).await.to_string(), "1");
    assert_eq!(coerced(false).await.to_string(), "late");
    assert_eq!(sliced(&[1, 2]).await, [1, 2]);
    assert_eq!(opaque("four").await.to_string(), "4");
    assert!(converted("x").await.is_err());
    assert_eq!(function().await(" x "), "x");
    assert_eq!(last_expression(Mutex::new(3)).await, 3);
    drop(endless());
    assert_eq!(a_task().await.await?, 7);
    assert_eq!(factorial(5).await, 120);
    Ok(())
}
