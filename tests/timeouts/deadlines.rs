//! Deadlines: when they pass, what then comes out.

use std::error::Error as _;
use std::future::ready;
use std::time::Duration;

use asyncio::{CancelledError, Error, Timeout};

use super::{now, on_a_clock};
use crate::support::journal::Journal;
use crate::support::tasks::{HOUR, me, millis, polls_within, seconds, tick};

#[asyncio::test(virtual_time)]
async fn a_deadline_that_passes_is_a_timeout() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_basic
    let (deadline, began) = (Timeout::new(millis(10)), now());
    let error = deadline.clone().run(asyncio::sleep(seconds(10))).await.unwrap_err();
    assert!(error.is_timeout());
    assert!(deadline.expired());
    assert_eq!(now() - began, millis(10));
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_point_in_time_may_be_the_deadline() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_at_basic
    let when = now() + millis(10);
    let deadline = Timeout::at(when);
    assert!(deadline.clone().run(asyncio::sleep(seconds(10))).await.unwrap_err().is_timeout());
    assert!(deadline.expired());
    assert_eq!((deadline.when(), now()), (Some(when), when));
    assert!(asyncio::timeout_at(now() + millis(1), asyncio::sleep(HOUR)).await.unwrap_err().is_timeout());
}

#[asyncio::test(virtual_time)]
async fn the_body_cleans_up_before_the_error() {
    // CPython: test_timeouts.TimeoutTests.test_waiter_cancelled
    let (journal, began) = (Journal::default(), now());
    let mut notes = journal.clone();
    let body = asyncio::with_cleanup(
        &mut notes,
        async |_| asyncio::sleep(HOUR).await,
        async |notes| {
            asyncio::sleep(millis(5)).await;
            notes.note("clean");
        },
    );
    assert!(asyncio::timeout(millis(10), body).await.unwrap_err().is_timeout());
    assert_eq!((journal.entries(), now() - began), (vec!["clean".to_owned()], millis(15)));
}

#[asyncio::test(virtual_time)]
async fn a_body_in_time_is_not_disturbed() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_not_called
    let deadline = Timeout::new(seconds(10));
    deadline.clone().run(asyncio::sleep(millis(10))).await.unwrap();
    assert!(!deadline.expired());
    assert!(deadline.when().unwrap() > now());
    assert_eq!(polls_within(HOUR).await, 2, "its timer is gone");
}

#[asyncio::test(virtual_time)]
async fn none_is_no_deadline() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_disabled, test_timeout_at_disabled
    for deadline in [Timeout::new(None), Timeout::at(None)] {
        deadline.clone().run(asyncio::sleep(HOUR)).await.unwrap();
        assert_eq!((deadline.expired(), deadline.when()), (false, None));
    }
    assert_eq!(asyncio::timeout(None, async { Ok::<_, Error>(1) }).await.unwrap(), 1);
    assert_eq!(asyncio::timeout_at(None, async { Ok::<_, Error>(2) }).await.unwrap(), 2);
}

#[asyncio::test(virtual_time)]
async fn a_delay_of_zero_ends_what_suspends() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_zero
    let (deadline, began) = (Timeout::new(Duration::ZERO), now());
    assert!(deadline.clone().run(asyncio::sleep(seconds(10))).await.unwrap_err().is_timeout());
    assert!(deadline.expired());
    assert_eq!((deadline.when(), now()), (Some(began), began));
}

#[asyncio::test(virtual_time)]
async fn a_delay_of_zero_ends_a_yield() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_zero_sleep_zero
    let deadline = Timeout::new(Duration::ZERO);
    assert!(deadline.clone().run(tick()).await.unwrap_err().is_timeout());
    assert!(deadline.expired());
}

#[asyncio::test(virtual_time)]
async fn a_deadline_in_the_past_ends_a_yield() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_in_the_past_sleep_zero
    let when = now() - seconds(11);
    let deadline = Timeout::at(when);
    assert!(deadline.clone().run(tick()).await.unwrap_err().is_timeout());
    assert_eq!((deadline.expired(), deadline.when()), (true, Some(when)));
}

#[test]
fn a_body_that_never_suspends_never_times_out() {
    on_a_clock(|clock| async move {
        let deadline = Timeout::at(now() + seconds(1));
        let body = async {
            clock.advance(seconds(2));
            ready(()).await;
            Ok::<_, Error>("done")
        };
        assert_eq!(deadline.clone().run(body).await.unwrap(), "done");
        assert!(!deadline.expired());
        assert_eq!(me().cancelling(), 0);
    });
}

#[asyncio::test(virtual_time)]
async fn an_error_of_the_body_passes() {
    // CPython: test_timeouts.TimeoutTests.test_foreign_exception_passed
    let deadline = Timeout::new(millis(10));
    let outcome = deadline.clone().run(async { Err::<(), _>(Error::value_error("key")) }).await;
    assert!(matches!(outcome, Err(Error::ValueError(_))));
    assert!(!deadline.expired());
}

#[asyncio::test(virtual_time)]
async fn the_cancel_by_which_the_body_left_is_the_source_of_the_error() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_exception_context
    let error = asyncio::timeout(millis(10), asyncio::sleep(HOUR)).await.unwrap_err();
    let source = error.source().expect("a cause");
    assert!(source.is::<CancelledError>() && source.source().is_none());
}

#[asyncio::test(virtual_time)]
async fn an_error_that_the_body_makes_of_the_deadline_passes() {
    // CPython: test_timeouts.TimeoutTests.test_foreign_exception_on_timeout; Rust's errors have no implicit context.
    let deadline = Timeout::new(millis(10));
    let body = async {
        let _ = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
        Err::<(), _>(Error::value_error("division by zero"))
    };
    assert!(matches!(deadline.clone().run(body).await, Err(Error::ValueError(_))));
    assert!(deadline.expired());
    assert_eq!(me().cancelling(), 0);
}

#[test]
fn a_deadline_needs_a_task() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_without_task
    let outcome = futures_lite::future::block_on(asyncio::timeout(millis(10), async {}));
    assert!(matches!(&outcome, Err(Error::RuntimeError(text)) if text.as_str().contains("task")), "{outcome:?}");
}

#[asyncio::test(virtual_time)]
async fn a_body_that_swallows_the_deadline_gives_its_value_and_the_deadline_has_passed() {
    let deadline = Timeout::new(millis(10));
    let body = async {
        let _ = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
        asyncio::sleep(millis(100)).await;
        Ok::<_, Error>("swallowed")
    };
    assert_eq!(deadline.clone().run(body).await.unwrap(), "swallowed");
    assert!(deadline.expired());
    assert_eq!(me().cancelling(), 0);
    tick().await;
}
