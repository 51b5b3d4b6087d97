//! Requests are counted, and can be taken back.

use asyncio::{Error, Future, TimeoutError};

use crate::support::tasks::{HOUR, me, millis, tick, ticks};

#[asyncio::test(virtual_time)]
async fn each_cancel_counts() {
    // CPython: test_tasks.BaseTaskTests.test_cancelling
    let task = asyncio::create_task(asyncio::sleep(HOUR));
    assert_eq!(task.cancelling(), 0);
    assert!(format!("{task:?}").contains("<Task pending "), "{task:?}");
    assert!(task.cancel());
    assert!(format!("{task:?}").contains("<Task cancelling "), "{task:?}");
    assert!(task.cancel());
    assert_eq!(task.cancelling(), 2);
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_task_that_takes_a_request_back_can_be_cancelled_anew() {
    // CPython: test_tasks.BaseTaskTests.test_uncancel_basic
    let task = asyncio::create_task(async {
        assert!(asyncio::catch_cancelled(asyncio::sleep(HOUR)).await.is_err());
        assert_eq!(me().uncancel(), 0);
        asyncio::sleep(HOUR).await;
    });
    tick().await;
    task.cancel();
    assert_eq!(task.cancelling(), 1);
    tick().await;
    assert_eq!((task.cancelling(), task.done()), (0, false));
    task.cancel();
    assert_eq!(task.cancelling(), 1);
    tick().await;
    assert!(task.cancelled());
    assert_eq!(task.uncancel(), 0, "after the end it changes nothing");
    assert!(task.cancelled());
}

#[asyncio::test]
async fn the_count_stays_when_a_cancel_was_caught_and_never_falls_below_zero() {
    assert_eq!(me().uncancel(), 0);
    me().cancel();
    assert!(asyncio::catch_cancelled(tick()).await.is_err());
    tick().await;
    assert_eq!(me().cancelling(), 1);
    assert_eq!((me().uncancel(), me().uncancel(), me().cancelling()), (0, 0, 0));
}

#[asyncio::test]
async fn a_request_that_was_not_acted_on_is_withdrawn_at_zero() {
    // CPython: test_tasks.BaseTaskTests.test_uncancel_resets_must_cancel
    let future = Future::new().unwrap();
    let inner = future.clone();
    let task = asyncio::create_task(async move {
        inner.await?;
        tick().await;
        Ok::<_, Error>(42)
    });
    tick().await;
    future.set_result(()).unwrap();
    task.cancel();
    assert_eq!((task.cancelling(), task.uncancel()), (1, 0));
    assert_eq!(task.await.unwrap(), 42);
}

#[asyncio::test]
async fn one_of_two_requests_taken_back_leaves_the_other() {
    let task = asyncio::create_task(tick());
    tick().await;
    task.cancel();
    task.cancel();
    assert_eq!(task.uncancel(), 1);
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test]
async fn a_request_before_the_first_step_can_be_withdrawn_too() {
    let task = asyncio::create_task(async { Ok::<_, Error>(1) });
    task.cancel();
    assert_eq!(task.uncancel(), 0);
    assert_eq!(task.await.unwrap(), 1);
}

#[asyncio::test(virtual_time)]
async fn a_deadline_made_by_hand_leaves_no_request_behind() {
    // CPython: test_tasks.BaseTaskTests.test_uncancel_structured_blocks
    for (sleep, limit, in_time) in [(10_000, 100, false), (0, 10_000, true)] {
        let task = asyncio::create_task(async move {
            let this = me();
            let deadline = asyncio::get_running_loop()?.call_later(millis(limit), {
                let this = this.clone();
                move || assert!(this.cancel())
            })?;
            let block = asyncio::catch_cancelled(asyncio::sleep(millis(sleep))).await;
            deadline.cancel();
            let block = match block {
                Err(_) if this.uncancel() == 0 => Err(Error::from(TimeoutError::new())),
                Err(cancelled) => panic!("nobody else cancels: {cancelled}"),
                Ok(()) => Ok(()),
            };
            tick().await;
            Ok::<_, Error>(block.is_ok())
        });
        assert_eq!((&task).await.unwrap(), in_time);
        assert_eq!(task.cancelling(), 0);
    }
    ticks(1).await;
}

#[asyncio::test(virtual_time)]
async fn a_timeout_takes_back_its_own_request_only() {
    let task = asyncio::create_task(async {
        assert!(asyncio::catch_cancelled(asyncio::sleep(HOUR)).await.is_err());
        assert_eq!(me().cancelling(), 1);
        let timed = asyncio::timeout(millis(5), async {
            let caught = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
            assert!(caught.is_err());
            assert_eq!(me().cancelling(), 2, "the deadline's is one more");
        });
        timed.await?;
        Ok::<_, Error>(me().cancelling())
    });
    tick().await;
    task.cancel();
    assert_eq!(task.await.unwrap(), 1);
}
