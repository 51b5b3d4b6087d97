//! `cancel`, its message, and who hears of it.

use std::future::IntoFuture;

use asyncio::{Error, Future};

use crate::support::net::running;

fn message(error: Error) -> Option<String> {
    match error {
        Error::CancelledError(error) => error.message().map(ToOwned::to_owned),
        other => panic!("{other} is no CancelledError"),
    }
}

#[asyncio::test]
async fn the_message_reaches_everyone() {
    // CPython: test_futures.BaseFutureTests.test_future_cancel_message_getter
    let future: Future<()> = running().create_future();
    assert!(future.cancel_with("my message"));
    assert_eq!(message(future.result().unwrap_err()).as_deref(), Some("my message"));
    assert_eq!(message(future.exception().unwrap_err()).as_deref(), Some("my message"));
    for _ in 0..2 {
        assert_eq!(message((&future).await.unwrap_err()).as_deref(), Some("my message"));
    }
    assert!(future.result().unwrap_err().to_string().contains("my message"));
}

#[asyncio::test]
async fn without_a_message_there_is_none() {
    let future: Future<()> = running().create_future();
    assert!(future.cancel());
    assert_eq!(message(future.await.unwrap_err()), None);
}

#[asyncio::test]
async fn the_first_cancel_counts() {
    let future: Future<()> = running().create_future();
    assert!(future.cancel_with("first"));
    assert!(!future.cancel_with("second"));
    assert_eq!(message(future.await.unwrap_err()).as_deref(), Some("first"));
}

#[asyncio::test]
async fn cancelling_what_is_done_has_no_effect() {
    let future = running().create_future();
    future.set_result(1).unwrap();
    assert!(!future.cancel() && !future.cancelled());
    assert_eq!(future.await.unwrap(), 1);
}

#[asyncio::test]
async fn a_cancelled_future_is_an_error_for_its_waiter_who_goes_on() {
    let future: Future<()> = running().create_future();
    let awaited = future.clone();
    let task = asyncio::create_task(async move { Ok::<_, Error>(message(awaited.await.unwrap_err())) });
    asyncio::sleep(std::time::Duration::ZERO).await;
    future.cancel_with("enough");
    assert_eq!(task.await.unwrap().as_deref(), Some("enough"));
}

#[asyncio::test]
async fn a_waiter_that_passes_the_error_on_ends_as_cancelled() {
    let future: Future<()> = running().create_future();
    let task = asyncio::create_task(future.clone().into_future());
    asyncio::sleep(std::time::Duration::ZERO).await;
    future.cancel_with("enough");
    assert_eq!(message((&task).await.unwrap_err()).as_deref(), Some("enough"));
    assert!(task.cancelled());
}

#[asyncio::test]
async fn cancelling_the_waiter_cancels_the_future() {
    // CPython: the rule of Task.cancel; test_tasks covers the task's side.
    let future: Future<()> = running().create_future();
    let task = asyncio::create_task(future.clone().into_future());
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert!(task.cancel_with("go"));
    assert!(future.cancelled(), "at once");
    assert_eq!(message(future.result().unwrap_err()).as_deref(), Some("go"));
    assert_eq!(message((&task).await.unwrap_err()).as_deref(), Some("go"));
    assert!(task.cancelled());
}
