//! The handle of a deadline: moving it, asking it, and what it refuses.

use std::time::Duration;

use asyncio::{Error, Timeout};

use super::now;
use crate::support::tasks::{HOUR, me, millis, seconds, tick, ticks};

#[asyncio::test(virtual_time)]
async fn a_deadline_can_be_moved_and_taken_away() {
    // CPython: test_timeouts.TimeoutTests.test_reschedule
    let (first, second) = (now() + seconds(10), now() + seconds(30));
    let deadline = Timeout::at(first);
    let inner = deadline.clone();
    let task = asyncio::create_task(async move { inner.run(asyncio::sleep(seconds(50))).await });
    tick().await;
    assert_eq!(deadline.when(), Some(first));
    deadline.reschedule(second).unwrap();
    assert_eq!(deadline.when(), Some(second));
    deadline.reschedule(None).unwrap();
    assert_eq!(deadline.when(), None);
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!deadline.expired());
}

#[asyncio::test(virtual_time)]
async fn a_deadline_acts_when_it_was_moved_to() {
    let began = now();
    for (moves, acts) in [(vec![30], 30), (vec![5], 5), (vec![5, 50], 50), (vec![0], 0)] {
        let start = now();
        let deadline = Timeout::new(millis(10));
        let inner = deadline.clone();
        let task = asyncio::create_task(async move { inner.run(asyncio::sleep(HOUR)).await });
        tick().await;
        for delay in moves {
            deadline.reschedule(start + millis(delay)).unwrap();
        }
        assert!(task.await.unwrap_err().is_timeout());
        assert_eq!(now() - start, millis(acts));
    }
    assert!(now() - began < seconds(1));
}

#[asyncio::test(virtual_time)]
async fn a_deadline_that_was_taken_away_can_be_set_again_from_inside_and_outside() {
    let began = now();
    let deadline = Timeout::new(None);
    let inner = deadline.clone();
    let body = async {
        inner.reschedule(now() + millis(5))?;
        inner.reschedule(None)?;
        asyncio::sleep(millis(20)).await;
        inner.reschedule(now() + millis(5))?;
        asyncio::sleep(HOUR).await;
        Ok::<_, Error>(())
    };
    assert!(deadline.clone().run(body).await.unwrap_err().is_timeout());
    assert_eq!(now() - began, millis(25));
    let deadline = Timeout::new(None);
    let inner = deadline.clone();
    let task = asyncio::create_task(async move { inner.run(asyncio::sleep(HOUR)).await });
    ticks(2).await;
    deadline.reschedule(now()).unwrap();
    assert!(task.await.unwrap_err().is_timeout());
    assert_eq!(now() - began, millis(25));
}

#[asyncio::test(virtual_time)]
async fn the_state_shows() {
    // CPython: test_timeouts.TimeoutTests.test_repr_active, test_repr_expired, test_repr_finished, test_repr_disabled
    let deadline = Timeout::new(None);
    assert_eq!(format!("{deadline:?}"), "Timeout { state: Created, when: None }");
    let inner = deadline.clone();
    let body = async move {
        assert_eq!(format!("{inner:?}"), "Timeout { state: Active, when: None }");
        inner.reschedule(now())?;
        let _ = asyncio::catch_cancelled(tick()).await;
        assert!(format!("{inner:?}").starts_with("Timeout { state: Expiring, when: Some("), "{inner:?}");
        Ok::<_, Error>(())
    };
    deadline.clone().run(body).await.unwrap();
    assert!(format!("{deadline:?}").starts_with("Timeout { state: Expired"), "{deadline:?}");
    let deadline = Timeout::new(seconds(1));
    deadline.clone().run(tick()).await.unwrap();
    assert!(format!("{deadline:?}").starts_with("Timeout { state: Finished"), "{deadline:?}");
}

#[asyncio::test(virtual_time)]
async fn one_deadline_serves_once() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_already_entered, test_timeout_double_enter
    let deadline = Timeout::new(millis(10));
    let inner = deadline.clone();
    let nested = deadline.clone().run(async move { inner.run(async {}).await }).await;
    assert!(matches!(&nested, Err(Error::RuntimeError(text)) if text.as_str().contains("used already")), "{nested:?}");
    let again = deadline.run(async {}).await;
    assert!(matches!(again, Err(Error::RuntimeError(_))));
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn only_a_deadline_that_runs_can_be_moved() {
    // CPython: test_timeouts.TimeoutTests.test_timeout_not_entered, test_timeout_finished, test_timeout_expired,
    // test_timeout_expiring
    fn refused(deadline: &Timeout, state: &str) {
        let error = deadline.reschedule(Duration::ZERO).unwrap_err();
        assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains(state)), "{error}");
    }
    let deadline = Timeout::new(millis(10));
    refused(&deadline, "Created");
    deadline.clone().run(tick()).await.unwrap();
    refused(&deadline, "Finished");
    let deadline = Timeout::new(millis(10));
    let inner = deadline.clone();
    let body = async move {
        let _ = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
        refused(&inner, "Expiring");
    };
    deadline.clone().run(body).await.unwrap();
    refused(&deadline, "Expired");
}
