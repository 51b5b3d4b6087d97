#![deny(warnings)]

use std::time::Duration;

#[asyncio::coroutine]
async fn endless() -> u8 {
    loop {
        asyncio::sleep(Duration::ZERO).await;
    }
}

#[asyncio::coroutine]
async fn unfinished() -> String {
    todo!()
}

#[asyncio::coroutine]
async fn left(log: &mut Vec<u8>) -> asyncio::Result<u8> {
    asyncio::finally! { log.push(1) }
    loop {
        asyncio::sleep(Duration::ZERO).await;
        return Ok(1);
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    drop((endless(), unfinished()));
    let mut log = Vec::new();
    assert_eq!(left(&mut log).await?, 1);
    assert_eq!(log, [1]);
    Ok(())
}
