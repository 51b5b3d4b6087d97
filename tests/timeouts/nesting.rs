//! Deadlines beside other cancels: other deadlines, requests from elsewhere, what is awaited.

use std::time::Duration;

use asyncio::{Error, Future, Result, Timeout};

use super::{now, on_a_clock};
use crate::support::journal::Journal;
use crate::support::tasks::{HOUR, me, millis, seconds, tick};

#[asyncio::test(virtual_time)]
async fn of_two_deadlines_at_one_time_only_the_outer_one_is_an_error() {
    // CPython: test_timeouts.TimeoutTests.test_nested_timeouts
    let when = now() + millis(10);
    let (outer, inner) = (Timeout::at(when), Timeout::at(when));
    let journal = Journal::default();
    let (guarded, mut notes) = (inner.clone(), journal.clone());
    let body = async move {
        asyncio::with_cleanup(
            &mut notes,
            async move |_| guarded.run(asyncio::sleep(seconds(10))).await,
            async |notes| notes.note("left"),
        )
        .await
    };
    assert!(outer.clone().run(body).await.unwrap_err().is_timeout());
    assert_eq!(journal.entries(), ["left"], "the inner one passed the cancel on");
    assert!(outer.expired() && inner.expired());
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_cancel_from_elsewhere_before_the_deadline_is_no_timeout() {
    // CPython: test_timeouts.TimeoutTests.test_foreign_cancel_doesnt_timeout_if_not_expired
    let deadline = Timeout::new(seconds(10));
    let inner = deadline.clone();
    let task = asyncio::create_task(async move {
        me().cancel();
        inner.run(asyncio::sleep(seconds(10))).await
    });
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!deadline.expired());
}

#[asyncio::test(virtual_time)]
async fn a_cancel_from_elsewhere_in_the_tick_of_the_deadline_wins() {
    let deadline = Timeout::new(millis(10));
    let inner = deadline.clone();
    let task = asyncio::create_task(async move { inner.run(asyncio::sleep(HOUR)).await });
    let cancel = task.as_any();
    asyncio::get_running_loop()
        .unwrap()
        .call_later(millis(10), move || assert!(cancel.cancel_with("outside")))
        .unwrap();
    match (&task).await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("outside")),
        other => panic!("{other:?}"),
    }
    assert!(deadline.expired(), "it has passed as well");
    assert_eq!(task.cancelling(), 1, "and took back what it asked for");
}

#[asyncio::test(virtual_time)]
async fn a_cancel_later_in_the_tick_of_the_deadline_is_too_late() {
    let task = asyncio::create_task(asyncio::timeout(millis(10), asyncio::sleep(HOUR)));
    tick().await;
    let cancel = task.as_any();
    // Its timer is the younger one of two at the same time.
    asyncio::get_running_loop().unwrap().call_later(millis(10), move || assert!(!cancel.cancel())).unwrap();
    assert!(task.await.unwrap_err().is_timeout());
    tick().await;
}

#[asyncio::test(virtual_time)]
async fn a_task_that_timed_out_is_not_cancelled() {
    // CPython: test_timeouts.TimeoutTests.test_outer_task_is_not_cancelled
    let task = asyncio::create_task(async {
        assert!(asyncio::timeout(millis(1), asyncio::sleep(HOUR)).await.is_err());
    });
    (&task).await.unwrap();
    assert!(task.done() && !task.cancelled());
    assert_eq!(task.cancelling(), 0);
}

#[test]
fn an_outer_deadline_that_passes_during_a_calculation_ends_the_inner_body_too() {
    // CPython: test_timeouts.TimeoutTests.test_nested_timeouts_concurrent
    on_a_clock(|clock| async move {
        let began = now();
        let inner = async {
            asyncio::timeout(seconds(100), async {
                clock.advance(seconds(10));
                asyncio::sleep(HOUR).await;
            })
            .await
        };
        assert!(asyncio::timeout(seconds(2), inner).await.unwrap_err().is_timeout());
        assert_eq!(now() - began, seconds(10), "the outer one's, as soon as it can be seen");
    });
}

#[test]
fn an_outer_deadline_ends_what_comes_after_an_inner_one() {
    // CPython: test_timeouts.TimeoutTests.test_nested_timeouts_loop_busy
    on_a_clock(|clock| async move {
        let began = now();
        let outer = asyncio::timeout(seconds(40), async {
            let inner = asyncio::timeout(seconds(5), async {
                clock.advance(seconds(40));
                asyncio::sleep(HOUR).await;
            });
            // Both have passed by now: the inner one passes the cancel on, or times out before the outer one is seen.
            let _ = inner.await;
            asyncio::sleep(HOUR).await;
        });
        assert!(outer.await.unwrap_err().is_timeout());
        assert_eq!(now() - began, seconds(40));
        assert_eq!(me().cancelling(), 0);
    });
}

#[asyncio::test(virtual_time)]
async fn a_deadline_in_a_clean_up_after_a_deadline_is_one_of_its_own() {
    // CPython: test_timeouts.TimeoutTests.test_nested_timeout_in_finally
    let journal = Journal::default();
    let mut notes = journal.clone();
    let body = asyncio::with_cleanup(
        &mut notes,
        async |_| asyncio::sleep(seconds(1)).await,
        async |notes| {
            let inner = asyncio::timeout(millis(10), asyncio::sleep(seconds(10))).await;
            notes.note(format!("timed out: {}", inner.unwrap_err().is_timeout()));
        },
    );
    assert!(asyncio::timeout(millis(10), body).await.unwrap_err().is_timeout());
    assert_eq!(journal.entries(), ["timed out: true"]);
    assert_eq!(me().cancelling(), 0);
}

/// A task that was cancelled and caught it, and then runs `then`.
async fn after_a_cancel<T: 'static>(then: impl AsyncFnOnce() -> Result<T> + 'static) -> Result<T> {
    let task = asyncio::create_task(async move {
        me().cancel();
        assert!(asyncio::catch_cancelled(asyncio::sleep(seconds(1))).await.is_err());
        then().await
    });
    task.await
}

#[asyncio::test(virtual_time)]
async fn a_deadline_after_a_caught_cancel_is_a_timeout() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_after_cancellation
    let outcome = after_a_cancel(async || asyncio::timeout(Duration::ZERO, asyncio::sleep(seconds(1))).await).await;
    assert!(outcome.unwrap_err().is_timeout());
}

#[asyncio::test(virtual_time)]
async fn a_deadline_in_the_tick_of_the_value_leaves_no_request_behind() {
    // Also where another request is counted, which the deadline does not take back.
    let outcome = after_a_cancel(async || {
        let (sender, value) = futures::channel::oneshot::channel();
        let send = move || sender.send("in time").expect("it is awaited below");
        asyncio::get_running_loop()?.call_later(millis(10), send)?;
        // A foreign future, which takes its value though the deadline has passed.
        let value = asyncio::timeout(millis(10), async { value.await.map_err(Error::other) }).await?;
        tick().await;
        Ok((value, me().cancelling()))
    });
    assert_eq!(outcome.await.unwrap(), ("in time", 1));
}

#[asyncio::test(virtual_time)]
async fn a_cancel_under_a_deadline_after_a_caught_cancel_is_a_cancel() {
    // CPython: test_timeouts.TimeoutTests.test_cancel_in_timeout_after_cancellation
    let outcome = after_a_cancel(async || {
        let body = async {
            me().cancel();
            asyncio::sleep(seconds(2)).await;
        };
        asyncio::timeout(seconds(1), body).await
    });
    assert!(outcome.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_deadline_reaches_what_is_awaited_and_waits_for_its_end() {
    let began = now();
    let future = Future::<()>::new().unwrap();
    assert!(asyncio::timeout(millis(10), future.clone()).await.unwrap_err().is_timeout());
    assert!(future.cancelled());
    let journal = Journal::default();
    let mut notes = journal.clone();
    let task = asyncio::create_task(async move {
        asyncio::with_cleanup(
            &mut notes,
            async |_| asyncio::sleep(HOUR).await,
            async |notes| {
                asyncio::sleep(millis(7)).await;
                notes.note("task cleaned up");
            },
        )
        .await;
    });
    assert!(asyncio::timeout(millis(10), task).await.unwrap_err().is_timeout());
    assert_eq!((journal.entries(), now() - began), (vec!["task cleaned up".to_owned()], millis(27)));
}

#[asyncio::test(virtual_time)]
async fn a_timeout_that_is_dropped_takes_its_request_back() {
    let deadline = Timeout::new(millis(1));
    let inner = deadline.clone();
    let stubborn = async {
        let _ = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
        asyncio::sleep(HOUR).await;
    };
    futures_lite::future::or(async { drop(inner.run(stubborn).await) }, asyncio::sleep(millis(5))).await;
    assert!(deadline.expired());
    assert_eq!(me().cancelling(), 0);
    tick().await;
}

#[asyncio::test(virtual_time)]
async fn deadlines_of_many_tasks_pass_in_their_order() {
    let journal = Journal::default();
    let tasks: Vec<_> = (0..50u64)
        .map(|number| {
            let (journal, delay) = (journal.clone(), millis((number * 37) % 50 + 1));
            asyncio::create_task(async move {
                assert!(asyncio::timeout(delay, asyncio::sleep(HOUR)).await.unwrap_err().is_timeout());
                journal.note(format!("{:02}", delay.as_millis()));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(journal.entries().is_sorted());
    assert_eq!(journal.entries().len(), 50);
}
