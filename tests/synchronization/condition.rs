//! `Condition`, where nobody is cancelled.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Condition, Error, Lock, Task};

use crate::support::journal::Journal;
use crate::support::quiet::tick;

/// A task that acquires, waits, notes its name and keeps the lock.
fn waiting(condition: &Condition, journal: &Journal, name: &'static str) -> Task<()> {
    let (condition, journal) = (condition.clone(), journal.clone());
    asyncio::create_task(async move {
        condition.acquire().await?;
        condition.wait().await?;
        journal.note(name);
        Ok::<_, Error>(())
    })
}

/// As [`waiting`], and releases the lock.
fn passing(condition: &Condition, journal: &Journal, name: &'static str) -> Task<()> {
    let (condition, journal) = (condition.clone(), journal.clone());
    asyncio::create_task(async move {
        let _held = condition.hold().await?;
        condition.wait().await?;
        journal.note(name);
        Ok::<_, Error>(())
    })
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn who_is_notified_goes_on_once_it_has_the_lock() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_wait
    let (condition, journal) = (Condition::new(), Journal::default());
    let tasks = ["1", "2", "3"].map(|name| waiting(&condition, &journal, name));
    tick().await;
    assert!(journal.entries().is_empty());
    assert!(!condition.locked(), "waiting gives the lock away");
    condition.acquire().await?;
    condition.notify(1)?;
    tick().await;
    assert!(journal.entries().is_empty(), "the notifier has the lock");
    condition.release()?;
    tick().await;
    assert_eq!(journal.entries(), ["1"]);
    assert!(condition.locked());
    condition.notify(2)?;
    tick().await;
    assert_eq!(journal.entries(), ["1"]);
    condition.release()?;
    tick().await;
    assert_eq!(journal.entries(), ["1", "2"]);
    condition.release()?;
    tick().await;
    assert_eq!(journal.entries(), ["1", "2", "3"]);
    assert!(tasks.iter().all(|task| task.done()));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn notify_wakes_as_many_as_asked_and_no_more_than_there_are() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_notify
    let (condition, journal) = (Condition::new(), Journal::default());
    let tasks = ["1", "2", "3"].map(|name| passing(&condition, &journal, name));
    tick().await;
    condition.acquire().await?;
    condition.notify(1)?;
    condition.release()?;
    tick().await;
    assert_eq!(journal.entries(), ["1"]);
    condition.acquire().await?;
    condition.notify(1)?;
    condition.notify(2048)?;
    condition.release()?;
    for task in tasks {
        task.await?;
    }
    assert_eq!(journal.entries(), ["1", "2", "3"]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn notify_all_wakes_all() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_notify_all
    let (condition, journal) = (Condition::new(), Journal::default());
    let tasks = ["1", "2"].map(|name| passing(&condition, &journal, name));
    tick().await;
    {
        let _held = condition.hold().await?;
        condition.notify_all()?;
    }
    for task in tasks {
        task.await?;
    }
    assert_eq!(journal.entries(), ["1", "2"]);
    assert!(!condition.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn without_the_lock_waiting_and_notifying_are_errors() {
    // CPython: test_locks.ConditionTests.test_wait_unacquired, test_notify_unacquired, test_notify_all_unacquired
    let condition = Condition::default();
    for (what, error) in [
        ("wait()", condition.wait().await.unwrap_err()),
        ("notify()", condition.notify(1).unwrap_err()),
        ("notify_all()", condition.notify_all().unwrap_err()),
    ] {
        assert!(matches!(error, Error::RuntimeError(_)));
        let text = error.to_string();
        assert!(text.contains(what) && text.contains("under hold() or acquire()"), "{text}");
    }
    assert!(condition.release().is_err());
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn wait_for_asks_again_after_each_notification() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_wait_for
    let (condition, ready) = (Condition::new(), Rc::new(Cell::new(false)));
    let task = {
        let (condition, ready) = (condition.clone(), ready.clone());
        asyncio::create_task(async move {
            let _held = condition.hold().await?;
            condition.wait_for(|| ready.get()).await
        })
    };
    tick().await;
    for value in [false, true] {
        assert!(!task.done());
        let _held = condition.hold().await?;
        ready.set(value);
        condition.notify(1)?;
        drop(_held);
        tick().await;
    }
    assert!(task.await?);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn wait_for_needs_the_lock_only_where_it_must_wait() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_wait_for_unacquired
    let condition = Condition::new();
    assert_eq!(condition.wait_for(|| Some([1, 2, 3])).await?, [1, 2, 3]);
    assert!(condition.wait_for(|| true).await?);
    assert!(matches!(condition.wait_for(|| false).await, Err(Error::RuntimeError(_))));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn the_guard_is_good_through_a_wait() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_context_manager, test_repr
    let condition = Condition::new();
    let notifier = {
        let condition = condition.clone();
        asyncio::create_task(async move {
            let _held = condition.hold().await?;
            assert_eq!(format!("{condition:?}"), "<Condition locked, waiters: 1>");
            condition.notify(1)
        })
    };
    {
        let _held = condition.hold().await?;
        assert!(condition.locked());
        condition.wait().await?;
        assert!(condition.locked());
    }
    assert_eq!(format!("{condition:?}"), "<Condition unlocked, waiters: 0>");
    notifier.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn conditions_can_share_a_lock() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_explicit_lock
    let lock = Lock::new();
    let (one, other) = (Condition::with_lock(&lock), Condition::with_lock(&lock));
    let (journal, ready) = (Journal::default(), Rc::new(Cell::new(false)));
    let task = {
        let (one, journal, ready) = (one.clone(), journal.clone(), ready.clone());
        asyncio::create_task(async move {
            let _held = one.hold().await?;
            one.wait_for(|| ready.get()).await?;
            journal.note("one");
            Ok::<_, Error>(())
        })
    };
    tick().await;
    lock.acquire().await?;
    assert!(one.locked() && other.locked());
    ready.set(true);
    other.notify_all()?;
    lock.release()?;
    tick().await;
    assert!(!task.done(), "nobody waits at the other one");
    lock.acquire().await?;
    one.notify(1)?;
    other.release()?;
    task.await?;
    assert!(!lock.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_deadline_on_a_wait_is_reported_with_the_lock_held() -> asyncio::Result<()> {
    // CPython: test_locks.ConditionTests.test_timeout_in_block
    let condition = Condition::new();
    let _held = condition.hold().await?;
    let error = asyncio::wait_for(condition.wait(), Duration::from_millis(500)).await.unwrap_err();
    assert!(error.is_timeout());
    assert!(condition.locked());
    Ok(())
}
