// result: 7 passed; 0 failed; 1 ignored
#![deny(warnings)]

use std::time::{Duration, Instant};

#[asyncio::test]
async fn plain() {
    asyncio::sleep(Duration::ZERO).await;
}

#[asyncio::test]
async fn returns_a_result() -> asyncio::Result<()> {
    asyncio::get_running_loop()?;
    Ok(())
}

#[asyncio::test(debug)]
async fn in_debug_mode() -> Result<(), Box<dyn std::error::Error>> {
    assert!(asyncio::get_running_loop()?.get_debug());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "2m")]
async fn a_minute_takes_no_time() {
    let begin = Instant::now();
    asyncio::sleep(Duration::from_secs(60)).await;
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[asyncio::test]
#[should_panic(expected = "as it should")]
async fn panics() {
    panic!("as it should");
}

#[asyncio::test(virtual_time, timeout = "1s")]
#[should_panic(expected = "takes_too_long")]
async fn takes_too_long() {
    asyncio::sleep(Duration::from_secs(60)).await;
}

#[asyncio::test]
#[should_panic(expected = "nobody looks")]
async fn a_lost_failure_fails_the_test() {
    drop(asyncio::create_task(async { Err::<(), _>(asyncio::Error::value_error("nobody looks")) }));
    asyncio::sleep(Duration::ZERO).await;
}

#[asyncio::test]
#[ignore = "not now"]
async fn ignored() {
    unreachable!();
}

#[asyncio::test]
#[cfg(any())]
async fn left_out() {
    does_not_compile();
}
