//! Futures that fail with an `anyhow::Error` (feature `anyhow`).

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use asyncio::{CancelledError, Error};

async fn positive(number: i32) -> anyhow::Result<i32> {
    ensure!(number > 0, "{number} is not positive");
    Ok(number)
}

async fn too_slow() -> anyhow::Result<()> {
    Ok(asyncio::timeout(Duration::from_secs(1), asyncio::sleep(Duration::from_secs(2))).await?)
}

#[asyncio::test(virtual_time)]
async fn a_task_a_timeout_and_gather_take_them() -> anyhow::Result<()> {
    assert_eq!(asyncio::create_task(positive(1)).await?, 1);
    assert_eq!(asyncio::timeout(Duration::from_secs(1), positive(2)).await?, 2);
    assert_eq!(asyncio::gather!(positive(3), positive(4)).await?, (3, 4));
    let error = asyncio::create_task(positive(-5)).await.unwrap_err();
    assert_eq!(error.to_string(), "-5 is not positive");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn an_error_of_asyncio_that_anyhow_carried_is_itself_again() {
    let error = asyncio::create_task(too_slow()).await.unwrap_err();
    assert!(matches!(error, Error::TimeoutError(_)), "{error:?}");
    let task = asyncio::create_task(async { Err::<(), anyhow::Error>(CancelledError::new("enough").into()) });
    asyncio::sleep(Duration::ZERO).await;
    assert!(task.cancelled());
    let missing = async { Ok::<_, anyhow::Error>(std::fs::metadata("/no/such/file")?.len()) };
    assert_eq!(asyncio::create_task(missing).await.unwrap_err().io_kind(), Some(ErrorKind::NotFound));
}

#[asyncio::test(virtual_time)]
async fn with_a_context_it_is_the_source() {
    let task = asyncio::create_task(async { too_slow().await.context("the shop does not answer") });
    let error = task.await.unwrap_err();
    assert_eq!(error.to_string(), "the shop does not answer");
    let source = error.source().and_then(|error| error.downcast_ref::<Error>());
    assert!(source.is_some_and(Error::is_timeout), "{error:?}");
}
