//! `Condition`, where a wait is cancelled: the lock comes back first, and no notification is lost.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Condition, Error, Task, catch_cancelled};

use crate::support::journal::Journal;
use crate::support::net::running;
use crate::support::quiet::{quiet, tick, ticks};

/// A task that waits, and notes how it left and that it had the lock then.
fn waiting(condition: &Condition, journal: &Journal) -> Task<()> {
    let (condition, journal) = (condition.clone(), journal.clone());
    asyncio::create_task(async move {
        let _held = condition.hold().await?;
        match catch_cancelled(condition.wait()).await {
            Ok(outcome) => outcome?,
            Err(error) => journal.note(format!("left by {:?}", error.message())),
        }
        assert!(condition.locked());
        Ok::<_, Error>(())
    })
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_before_its_first_step_nothing_is_touched() -> asyncio::Result<()> {
    let condition = Condition::new();
    condition.acquire().await?;
    let task = asyncio::create_task(condition.wait());
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(condition.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancel_that_is_due_at_the_first_poll_keeps_the_lock() -> asyncio::Result<()> {
    let condition = Condition::new();
    let task = {
        let condition = condition.clone();
        asyncio::create_task(async move {
            condition.acquire().await?;
            asyncio::current_task()?.expect("this is one").cancel();
            condition.wait().await
        })
    };
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(condition.locked(), "as Python's wait() would have taken it again");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_it_waits_it_has_the_lock_when_it_leaves() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_wait_cancel
    let condition = Condition::new();
    condition.acquire().await?;
    let task = asyncio::create_task(condition.wait());
    let cancelled = task.as_any().clone();
    running().call_soon(move || {
        cancelled.cancel();
    })?;
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(format!("{condition:?}"), "<Condition locked, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_the_lock_is_contested_it_has_the_lock_when_it_leaves() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_wait_cancel_contested
    let condition = Condition::new();
    condition.acquire().await?;
    let task = asyncio::create_task(condition.wait());
    tick().await;
    assert!(!condition.locked());
    condition.acquire().await?;
    condition.notify(1)?;
    let (cancelled, releasing) = (task.as_any().clone(), condition.clone());
    running().call_soon(move || {
        cancelled.cancel();
    })?;
    running().call_soon(move || releasing.release().unwrap())?;
    let _ = task.await;
    assert!(condition.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancel_after_the_notification_is_not_forgotten() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_wait_cancel_after_notify
    let condition = Condition::new();
    let waiter = {
        let condition = condition.clone();
        asyncio::create_task(async move {
            let _held = condition.hold().await?;
            condition.wait().await
        })
    };
    tick().await;
    condition.acquire().await?;
    condition.notify(1)?;
    tick().await;
    waiter.cancel();
    tick().await;
    assert!(!waiter.done(), "it does not leave without the lock");
    condition.release()?;
    tick().await;
    assert!(waiter.cancelled());
    assert!(!condition.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn the_message_arrives_wherever_the_cancel_came() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_cancelled_error_wakeup, test_cancelled_error_re_aquire
    for notified in [false, true] {
        let condition = Condition::new();
        let task = {
            let condition = condition.clone();
            asyncio::create_task(async move {
                let _held = condition.hold().await?;
                condition.wait_for(|| false).await
            })
        };
        tick().await;
        if notified {
            condition.acquire().await?;
            condition.notify(1)?;
            tick().await;
            condition.release()?;
        }
        task.cancel_with("foo");
        let Err(Error::CancelledError(error)) = task.await else { panic!("it was cancelled") };
        assert_eq!(error.message(), Some("foo"));
        assert!(!condition.locked());
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn however_often_it_is_cancelled_it_takes_the_lock_first_and_the_last_request_counts() -> asyncio::Result<()> {
    let (condition, journal) = (Condition::new(), Journal::default());
    let task = waiting(&condition, &journal);
    tick().await;
    condition.acquire().await?;
    for message in ["one", "two", "three"] {
        task.cancel_with(message);
        ticks(2).await;
        assert!(!task.done());
    }
    condition.release()?;
    task.await?;
    assert_eq!(journal.entries(), [r#"left by Some("three")"#]);
    assert!(!condition.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_deadline_waits_for_the_lock_as_well() -> asyncio::Result<()> {
    let condition = Condition::new();
    let holder = condition.clone();
    let guard = condition.hold().await?;
    let other = asyncio::create_task(async move {
        let _held = holder.hold().await?;
        asyncio::sleep(Duration::from_secs(10)).await;
        Ok::<_, Error>(())
    });
    let began = running().time();
    let error = asyncio::timeout(Duration::from_secs(1), condition.wait()).await.unwrap_err();
    assert!(error.is_timeout());
    assert!(running().time() - began >= Duration::from_secs(10), "the lock was to be had only then");
    assert!(condition.locked());
    drop(guard);
    assert!(!condition.locked());
    other.await
}

/// Two consumers of what `state` counts, the first of which is cancelled between the notification and its turn.
async fn notified_and_cancelled(settle: bool) -> asyncio::Result<()> {
    let (condition, state) = (Condition::new(), Rc::new(Cell::new(0)));
    let consumers = [(), ()].map(|()| {
        let (condition, state) = (condition.clone(), state.clone());
        asyncio::create_task(async move {
            let _held = condition.hold().await?;
            loop {
                condition.wait_for(|| state.get() != 0).await?;
                if state.get() < 0 {
                    return Ok::<_, Error>(());
                }
                state.set(state.get() - 1);
            }
        })
    });
    tick().await;
    let _held = condition.hold().await?;
    state.set(1);
    condition.notify(1)?;
    if settle {
        // Now it waits for the lock.
        tick().await;
    }
    consumers[0].cancel();
    let consumed = asyncio::timeout(Duration::from_millis(10), condition.wait_for(|| state.get() == 0)).await;
    assert!(consumed.is_err(), "nobody notifies of that");
    assert_eq!(state.get(), 0, "the other consumer has it");
    state.set(-1);
    condition.notify_all()?;
    drop(_held);
    let [first, second] = consumers;
    assert!(first.await.unwrap_err().is_cancelled());
    second.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_notification_a_waiter_passes_it_on() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_cancelled_wakeup (B 35)
    notified_and_cancelled(false).await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_it_takes_the_lock_a_waiter_passes_its_notification_on() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_cancelled_wakeup_relock
    notified_and_cancelled(true).await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_notification_in_the_tick_of_a_cancel_is_passed_on() -> asyncio::Result<()> {
    let (condition, journal) = (Condition::new(), Journal::default());
    let first = waiting(&condition, &journal);
    let second = waiting(&condition, &journal);
    tick().await;
    condition.acquire().await?;
    first.cancel();
    condition.notify(1)?;
    condition.release()?;
    quiet().await;
    assert!(first.done() && second.done());
    assert_eq!(journal.entries(), ["left by None"]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn dropped_by_hand_a_wait_passes_its_notification_on_and_its_guard_releases_nothing() -> asyncio::Result<()> {
    let (condition, journal) = (Condition::new(), Journal::default());
    let guard = condition.hold().await?;
    let mut wait = Box::pin(condition.wait());
    assert!(futures_lite::future::poll_once(wait.as_mut()).await.is_none());
    let other = waiting(&condition, &journal);
    tick().await;
    condition.acquire().await?;
    condition.notify(1)?;
    drop(wait);
    drop(guard);
    assert!(condition.locked(), "it is held by somebody else now");
    condition.release()?;
    other.await?;
    assert!(journal.entries().is_empty(), "the other one was notified: {:?}", journal.entries());
    Ok(())
}
