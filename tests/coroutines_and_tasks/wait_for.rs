//! `wait_for`: a deadline on one thing, and on its clean-up too.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Future, Result};

use crate::support::journal::Journal;
use crate::support::tasks::{HOUR, me, millis, tick, ticks};

fn now() -> Duration {
    asyncio::get_running_loop().unwrap().time()
}

/// Sleeps until a point in time, whatever anybody says.
async fn sleep_stubbornly(until: Duration, journal: Journal) {
    loop {
        let left = until.saturating_sub(now());
        if left.is_zero() {
            break;
        }
        let _ = asyncio::catch_cancelled(asyncio::sleep(left)).await;
    }
    journal.note("exited");
}

#[asyncio::test(virtual_time)]
async fn a_cancelled_wait_waits_for_a_body_that_ignores_it() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_asyncio_wait_for_cancelled
    let journal = Journal::default();
    let body = sleep_stubbornly(now() + millis(200), journal.clone());
    let waiter = asyncio::create_task(asyncio::wait_for(body, millis(400)));
    tick().await;
    waiter.cancel();
    let _ = waiter.await;
    assert_eq!(journal.entries(), ["exited"]);
}

#[asyncio::test(virtual_time)]
async fn a_deadline_waits_for_a_body_that_ignores_it() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_asyncio_wait_for_timeout
    let (journal, began) = (Journal::default(), now());
    asyncio::wait_for(sleep_stubbornly(now() + millis(200), journal.clone()), millis(100)).await.unwrap();
    assert_eq!(journal.entries(), ["exited"]);
    assert_eq!(now() - began, millis(200));
}

#[asyncio::test]
async fn what_is_done_is_taken_with_no_time_at_all() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0_future_done
    let future = Future::new().unwrap();
    future.set_result("done").unwrap();
    assert_eq!(asyncio::wait_for(future, Duration::ZERO).await.unwrap(), "done");
}

#[asyncio::test]
async fn with_no_time_a_coroutine_runs_to_its_first_await() {
    // CPython: test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started, an intended difference.
    let journal = Journal::default();
    let notes = journal.clone();
    let body = async move {
        notes.note("began");
        tick().await;
        notes.note("never");
    };
    assert!(asyncio::wait_for(body, Duration::ZERO).await.unwrap_err().is_timeout());
    assert_eq!(journal.entries(), ["began"]);
    assert_eq!(asyncio::wait_for(async { Ok::<_, Error>(1) }, Duration::ZERO).await.unwrap(), 1);
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn the_deadline_cancels_the_task_that_is_awaited() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for, test_wait_for_timeout_less_then_0_or_0
    for delay in [millis(100), Duration::ZERO] {
        let running = Rc::new(Cell::new(false));
        let inner = running.clone();
        let task = Rc::new(asyncio::create_task(async move {
            inner.set(true);
            let mut state = inner;
            asyncio::with_cleanup(&mut state, async |_| asyncio::sleep(HOUR).await, async |state| state.set(false))
                .await;
            Ok::<_, Error>("done")
        }));
        tick().await;
        assert!(running.get());
        assert!(asyncio::wait_for(&*task, delay).await.unwrap_err().is_timeout());
        assert!(task.done() && task.cancelled() && !running.get());
        assert_eq!((task.cancelling(), me().cancelling()), (1, 0));
    }
}

#[asyncio::test(virtual_time)]
async fn without_a_deadline_it_waits_for_ever() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for_blocking
    let body = async {
        asyncio::sleep(HOUR * 1000).await;
        Ok::<_, Error>("done")
    };
    assert_eq!(asyncio::wait_for(body, None).await.unwrap(), "done");
}

#[asyncio::test(virtual_time)]
async fn a_result_in_the_same_tick_is_in_time() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for_race_condition
    let future = Future::new().unwrap();
    let setter = future.clone();
    asyncio::get_running_loop().unwrap().call_soon(move || setter.set_result("ok").unwrap()).unwrap();
    assert_eq!(asyncio::wait_for(future, millis(200)).await.unwrap(), "ok");
}

#[asyncio::test(virtual_time)]
async fn a_body_that_catches_the_deadline_and_returns_a_value_has_it_returned() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for_cancellation_race_condition, test_wait_for_cancel_suppressed
    let body = async {
        assert!(asyncio::catch_cancelled(asyncio::sleep(HOUR)).await.is_err());
        Ok::<_, Error>(42)
    };
    assert_eq!(asyncio::wait_for(body, millis(10)).await.unwrap(), 42);
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn the_error_comes_after_the_clean_up_and_has_the_cancel_as_its_source() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for_waits_for_task_cancellation and ..._w_timeout_0
    for delay in [millis(1), Duration::ZERO] {
        let (journal, began) = (Journal::default(), now());
        let mut notes = journal.clone();
        let inner = asyncio::create_task(async move {
            asyncio::with_cleanup(
                &mut notes,
                async |_| asyncio::sleep(HOUR).await,
                async |notes| {
                    asyncio::sleep(millis(50)).await;
                    notes.note("task done");
                },
            )
            .await;
        });
        tick().await;
        let error = asyncio::wait_for(inner, delay).await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(journal.entries(), ["task done"]);
        assert_eq!(now() - began, delay + millis(50));
        let source = std::error::Error::source(&error).expect("the cancel by which the body left");
        assert!(source.is::<asyncio::CancelledError>());
    }
}

#[asyncio::test(virtual_time)]
async fn an_error_in_the_clean_up_is_what_comes_out() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for_reraises_exception_during_cancellation
    let inner = asyncio::create_task(async {
        let _ = asyncio::catch_cancelled(asyncio::sleep(millis(200))).await;
        Err::<(), _>(Error::value_error("foo"))
    });
    assert!(matches!(asyncio::wait_for(inner, millis(1)).await, Err(Error::ValueError(_))));
}

#[asyncio::test(virtual_time)]
async fn cancelling_the_wait_cancels_what_is_awaited() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_cancel_wait_for, test_cancel_blocking_wait_for
    for delay in [None, Some(HOUR)] {
        let task = Rc::new(asyncio::create_task(async { Future::<()>::new()?.await }));
        let inner = task.clone();
        let wait = asyncio::create_task(async move { asyncio::wait_for(&*inner, delay).await });
        let cancel = wait.as_any();
        asyncio::get_running_loop().unwrap().call_soon(move || assert!(cancel.cancel())).unwrap();
        assert!(wait.await.unwrap_err().is_cancelled());
        assert!(task.cancelled());
    }
}

#[asyncio::test(virtual_time)]
async fn an_outer_cancel_in_the_tick_of_the_result_wins_and_the_result_stays() {
    // CPython: test_waitfor.AsyncioWaitForTest.test_wait_for_issue86296
    let journal = Journal::default();
    let inner = Rc::new(asyncio::create_task(async { Ok::<_, Error>("done") }));
    let (awaited, notes) = (inner.clone(), journal.clone());
    let task = asyncio::create_task(async move {
        asyncio::wait_for(&*awaited, millis(100)).await?;
        asyncio::sleep(millis(1)).await;
        notes.note("reached the end");
        Ok::<_, Error>(())
    });
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(inner.done());
    assert_eq!((&*inner).await.unwrap(), "done");
    assert!(journal.entries().is_empty());
}

#[asyncio::test(virtual_time)]
async fn a_coroutine_is_awaited_in_the_same_task_and_context() {
    static USER: asyncio::ContextVar<&str> = asyncio::ContextVar::new("user");
    let this = me();
    let body = async {
        USER.set("ada");
        tick().await;
        asyncio::current_task()
    };
    assert_eq!(asyncio::wait_for(body, HOUR).await.unwrap(), Some(this));
    assert_eq!(USER.get(), Some("ada"));
}

async fn done_soon() -> Result<&'static str> {
    asyncio::sleep(millis(100)).await;
    Ok("done")
}

#[asyncio::test(virtual_time)]
async fn a_shield_survives_the_deadline() {
    // CPython: test_waitfor.WaitForShieldTests.test_zero_timeout, test_none_timeout, test_shielded_timeout
    for (delay, in_time) in [(Some(Duration::ZERO), false), (Some(millis(10)), false), (None, true)] {
        let task = Rc::new(asyncio::create_task(done_soon()));
        let inner = task.clone();
        let waited = asyncio::wait_for(asyncio::shield(async move { (&*inner).await }), delay).await;
        assert_eq!(waited.is_ok(), in_time);
        assert!(in_time || waited.unwrap_err().is_timeout());
        assert_eq!((task.done(), task.cancelled()), (in_time, false));
        assert_eq!((&*task).await.unwrap(), "done");
    }
    ticks(1).await;
}
