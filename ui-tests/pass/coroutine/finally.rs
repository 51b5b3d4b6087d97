#![deny(warnings)]

use std::cell::RefCell;
use std::fmt::Display;

type Log = RefCell<Vec<&'static str>>;

#[asyncio::coroutine]
async fn tick() {
    asyncio::sleep(std::time::Duration::ZERO).await;
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Value,
    Return,
    Question,
}

#[asyncio::coroutine]
async fn work(log: &Log, end: End) -> asyncio::Result<u8> {
    let (mut before, name) = (1, String::from("owned"));
    finally! {
        assert_eq!(before, 2);
        tick().await;
        log.borrow_mut().push("first");
        drop(name);
    }
    before += 1;
    asyncio::finally! { log.borrow_mut().push("second") };
    if end == End::Question {
        Err(asyncio::Error::value_error("no"))?;
    }
    if end == End::Return {
        return Ok(before);
    }
    #[asyncio::coroutine]
    async fn inner(log: &Log) {
        finally! { log.borrow_mut().push("inner") }
        log.borrow_mut().push("work");
    }
    inner(log).await;
    Ok(before)
}

#[asyncio::coroutine]
async fn coerced() -> Box<dyn Display> {
    ::asyncio::finally! { tick().await }
    Box::new(1)
}

#[asyncio::main]
async fn main() {
    let log = Log::default();
    assert_eq!(work(&log, End::Value).await.unwrap(), 2);
    assert_eq!(log.take(), ["work", "inner", "second", "first"]);
    assert_eq!(work(&log, End::Return).await.unwrap(), 2);
    assert_eq!(log.take(), ["second", "first"]);
    assert!(work(&log, End::Question).await.is_err());
    assert_eq!(log.take(), ["second", "first"]);
    assert_eq!(coerced().await.to_string(), "1");
}
