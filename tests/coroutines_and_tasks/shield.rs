//! `shield`: what is inside goes on.

use std::rc::Rc;

use asyncio::{Error, Future};

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use crate::support::tasks::{HOUR, millis, tick, ticks};

#[asyncio::test]
async fn a_shield_passes_a_result() {
    // CPython: test_tasks.BaseTaskTests.test_shield_result
    let inner = Future::new().unwrap();
    let outer = asyncio::create_task(asyncio::shield(inner.clone()));
    inner.set_result(42).unwrap();
    assert_eq!(outer.await.unwrap(), 42);
}

#[asyncio::test]
async fn a_shield_passes_an_exception() {
    // CPython: test_tasks.BaseTaskTests.test_shield_exception
    let inner = Future::<()>::new().unwrap();
    let outer = asyncio::create_task(asyncio::shield(inner.clone()));
    tick().await;
    inner.set_exception(Error::runtime_error("expected")).unwrap();
    assert!(matches!(outer.await, Err(Error::RuntimeError(text)) if text.as_str() == "expected"));
}

#[asyncio::test]
async fn a_cancel_of_the_inner_one_reaches_the_outer_one() {
    // CPython: test_tasks.BaseTaskTests.test_shield_cancel_inner
    let inner = Future::<()>::new().unwrap();
    let outer = asyncio::create_task(asyncio::shield(inner.clone()));
    tick().await;
    inner.cancel_with("inside");
    match (&outer).await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("inside")),
        other => panic!("{other:?}"),
    }
    assert!(outer.cancelled());
}

#[asyncio::test]
async fn a_cancel_of_the_outer_one_leaves_the_inner_one_alone() {
    // CPython: test_tasks.BaseTaskTests.test_shield_cancel_outer, test_shield_effect
    let journal = Journal::default();
    let waiter = Future::<()>::new().unwrap();
    let (notes, wait) = (journal.clone(), waiter.clone());
    let inner = async move {
        wait.await.unwrap();
        notes.note("inner");
    };
    let notes = journal.clone();
    let outer = asyncio::create_task(async move {
        asyncio::shield(inner).await.unwrap();
        notes.note("outer");
    });
    ticks(2).await;
    outer.cancel();
    assert!(outer.await.unwrap_err().is_cancelled());
    assert!(!waiter.cancelled());
    waiter.set_result(()).unwrap();
    journal.wait_for("inner").await;
    ticks(3).await;
    assert_eq!(journal.entries(), ["inner"]);
}

#[asyncio::test]
async fn what_is_done_already_passes_at_once() {
    // CPython: test_tasks.BaseTaskTests.test_shield_shortcut
    let future = Future::new().unwrap();
    future.set_result(42).unwrap();
    assert_eq!(asyncio::shield(future).await.unwrap(), 42);
}

#[asyncio::test(virtual_time)]
async fn a_shielded_task_can_be_awaited_again() {
    let task = Rc::new(asyncio::create_task(async {
        asyncio::sleep(millis(5)).await;
        Ok::<_, Error>("saved")
    }));
    let shielded = task.clone();
    let waiter = asyncio::create_task(async move { asyncio::shield(async move { (&*shielded).await }).await });
    ticks(2).await;
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    assert_eq!((&*task).await.unwrap(), "saved");
}

#[asyncio::test(virtual_time)]
async fn a_failure_after_the_waiter_has_left_is_reported() {
    let reports = Reports::here();
    let outer = asyncio::create_task(asyncio::shield(async {
        asyncio::sleep(millis(5)).await;
        Err::<(), _>(Error::value_error("too late"))
    }));
    ticks(2).await;
    outer.cancel();
    assert!(outer.await.unwrap_err().is_cancelled());
    assert!(reports.all().is_empty());
    asyncio::sleep(millis(10)).await;
    let report = reports.one();
    assert_eq!(report.message, "Task exception was never retrieved");
    assert!(report.exception.as_ref().unwrap().to_string().contains("too late"));
}

#[asyncio::test(virtual_time)]
async fn a_failure_that_the_waiter_saw_is_not_reported() {
    let reports = Reports::here();
    let failed = asyncio::shield(async {
        asyncio::sleep(millis(5)).await;
        Err::<(), _>(Error::value_error("in time"))
    });
    assert!(failed.await.is_err());
    tick().await;
    assert!(reports.all().is_empty());
}

#[asyncio::test]
async fn the_inner_one_starts_at_the_call() {
    // CPython: test_tasks.BaseTaskTests.test_shield_coroutine_use_running_loop
    let journal = Journal::default();
    let notes = journal.clone();
    let shield = asyncio::shield(async move { notes.note("ran") });
    ticks(2).await;
    assert_eq!(journal.entries(), ["ran"], "nobody has awaited the shield yet");
    shield.await.unwrap();
}

#[test]
#[should_panic(expected = "no event loop is running on this thread")]
fn a_shield_without_a_running_loop_panics() {
    // CPython: test_tasks.BaseTaskTests.test_shield_coroutine_without_loop
    drop(asyncio::shield(async {}));
}

#[asyncio::test(virtual_time)]
async fn a_shield_in_a_shield_holds() {
    let journal = Journal::default();
    let notes = journal.clone();
    let work = async move {
        asyncio::sleep(millis(5)).await;
        notes.note("done");
    };
    let task = asyncio::create_task(async move { asyncio::shield(async { asyncio::shield(work).await }).await });
    ticks(2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    asyncio::sleep(HOUR).await;
    assert_eq!(journal.entries(), ["done"]);
}
