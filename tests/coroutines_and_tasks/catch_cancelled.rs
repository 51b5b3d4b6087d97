//! `catch_cancelled`: the one place where a cancel becomes a value.

use std::rc::Rc;

use asyncio::{Error, Future};

use crate::support::journal::Journal;
use crate::support::tasks::{Dropped, HOUR, me, millis, tick, ticks};

#[asyncio::test]
async fn without_a_cancel_the_value_passes() {
    assert_eq!(asyncio::catch_cancelled(async { 7 }).await.unwrap(), 7);
    let failed = asyncio::catch_cancelled(async { Err::<(), _>("no") }).await;
    assert_eq!(failed.unwrap(), Err("no"));
}

#[asyncio::test(virtual_time)]
async fn a_task_that_catches_and_returns_a_value_is_not_cancelled() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_task_catching
    let (first, second) = (Future::<()>::new().unwrap(), Future::<()>::new().unwrap());
    let (wait, caught) = (first.clone(), second.clone());
    let task = asyncio::create_task(async move {
        wait.await?;
        match asyncio::catch_cancelled(caught.into_future()).await {
            Err(_) => Ok::<_, Error>(42),
            Ok(_) => Ok(0),
        }
    });
    tick().await;
    first.set_result(()).unwrap();
    tick().await;
    task.cancel();
    assert!(second.cancelled());
    assert_eq!((&task).await.unwrap(), 42);
    assert!(!task.cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_task_that_ignores_a_cancel_goes_on_to_its_end() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_task_ignoring
    let futures: Rc<[Future<u8>; 3]> = Rc::new(std::array::from_fn(|_| Future::new().unwrap()));
    let inner = futures.clone();
    let task = asyncio::create_task(async move {
        inner[0].clone().await?;
        assert!(asyncio::catch_cancelled(inner[1].clone()).await.is_err());
        inner[2].clone().await
    });
    tick().await;
    futures[0].set_result(1).unwrap();
    tick().await;
    task.cancel();
    assert!(futures[1].cancelled());
    tick().await;
    futures[2].set_result(42).unwrap();
    assert_eq!((&task).await.unwrap(), 42);
    assert!(!futures[2].cancelled() && !task.cancelled());
}

#[asyncio::test(virtual_time)]
async fn what_was_caught_is_dropped_before_the_value_comes() {
    let journal = Journal::default();
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        let guard = Dropped::noted(&notes, "dropped");
        let body = async move {
            let _guard = guard;
            asyncio::sleep(HOUR).await;
        };
        // Kept, so that it is not the end of this statement that drops it.
        let mut catching = std::pin::pin!(asyncio::catch_cancelled(body));
        assert!(catching.as_mut().await.is_err());
        notes.note("caught");
    });
    tick().await;
    task.cancel();
    task.await.unwrap();
    assert_eq!(journal.entries(), ["dropped", "caught"]);
}

#[asyncio::test(virtual_time)]
async fn the_innermost_one_catches_and_the_outer_ones_hear_nothing() {
    let task = asyncio::create_task(async {
        let outer = asyncio::catch_cancelled(async {
            let inner = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
            tick().await;
            inner.unwrap_err().message().map(str::to_owned)
        });
        Ok::<_, Error>(outer.await.expect("it was caught inside"))
    });
    tick().await;
    task.cancel_with("once");
    assert_eq!(task.await.unwrap().as_deref(), Some("once"));
}

#[asyncio::test(virtual_time)]
async fn each_request_is_caught_once() {
    let task = asyncio::create_task(async {
        for _ in 0..3 {
            assert!(asyncio::catch_cancelled(asyncio::sleep(HOUR)).await.is_err());
        }
        asyncio::sleep(millis(1)).await;
        Ok::<_, Error>(me().cancelling())
    });
    for _ in 0..3 {
        tick().await;
        task.cancel();
        tick().await;
    }
    assert_eq!(task.await.unwrap(), 3);
}

#[asyncio::test(virtual_time)]
async fn going_on_leaving_is_another_cancel() {
    let task = asyncio::create_task(async {
        if let Err(cancelled) = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await {
            // The error of a cancelled thing, returned, ends the task as cancelled.
            return Err(Error::CancelledError(cancelled));
        }
        Ok(())
    });
    tick().await;
    task.cancel_with("passed on");
    match (&task).await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("passed on")),
        other => panic!("{other:?}"),
    }
    assert!(task.cancelled());
}

#[asyncio::test(virtual_time)]
async fn clean_up_inside_of_it_runs_first() {
    let journal = Journal::default();
    let mut notes = journal.clone();
    let task = asyncio::create_task(async move {
        let body = asyncio::with_cleanup(
            &mut notes,
            async |_| asyncio::sleep(HOUR).await,
            async |notes| {
                asyncio::sleep(millis(1)).await;
                notes.note("clean-up");
            },
        );
        let caught = asyncio::catch_cancelled(body).await;
        notes.note(format!("caught: {}", caught.is_err()));
    });
    tick().await;
    task.cancel();
    task.await.unwrap();
    assert_eq!(journal.entries(), ["clean-up", "caught: true"]);
}

#[asyncio::test(virtual_time)]
async fn an_inner_task_s_own_end_by_a_cancel_is_not_caught_but_seen() {
    let inner = asyncio::create_task(asyncio::sleep(HOUR));
    let cancel = inner.as_any();
    asyncio::get_running_loop().unwrap().call_soon(move || assert!(cancel.cancel())).unwrap();
    let outcome = asyncio::catch_cancelled(inner).await;
    assert!(outcome.expect("nobody cancelled this task").unwrap_err().is_cancelled());
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_cancel_that_is_handed_on_is_caught_when_it_comes_back() {
    let journal = Journal::default();
    let mut notes = journal.clone();
    let inner = asyncio::create_task(async move {
        asyncio::with_cleanup(
            &mut notes,
            async |_| asyncio::sleep(HOUR).await,
            async |notes| {
                asyncio::sleep(millis(5)).await;
                notes.note("inner clean-up");
            },
        )
        .await;
    });
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        let caught = asyncio::catch_cancelled(inner).await;
        notes.note(format!("caught: {}", caught.is_err()));
    });
    ticks(2).await;
    task.cancel();
    task.await.unwrap();
    assert_eq!(journal.entries(), ["inner clean-up", "caught: true"]);
}

#[asyncio::test(virtual_time)]
async fn a_cancel_that_another_type_of_error_carries_ends_the_task_as_cancelled() {
    type Anything = Box<dyn std::error::Error + Send + Sync>;
    async fn waits() -> Result<(), Anything> {
        Ok(asyncio::catch_cancelled(asyncio::sleep(HOUR)).await?)
    }
    let task = asyncio::create_task(waits());
    tick().await;
    task.cancel();
    tick().await;
    assert!(task.cancelled());
}
