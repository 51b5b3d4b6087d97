//! `Lock`.

use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Future, Lock, Task};

use crate::support::journal::Journal;
use crate::support::net::running;
use crate::support::quiet::{tick, ticks};

/// A task that acquires, notes its name, and does not release.
fn acquiring(lock: &Lock, journal: &Journal, name: &'static str) -> Task<()> {
    let (lock, journal) = (lock.clone(), journal.clone());
    asyncio::create_task(async move {
        lock.acquire().await?;
        journal.note(name);
        Ok::<_, Error>(())
    })
}

/// How the lock shows itself, which says how many wait.
fn shown(lock: &Lock) -> String {
    format!("{lock:?}")
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_is_held_from_acquire_to_release() -> asyncio::Result<()> {
    // CPython: test_locks.LockTests.test_lock, test_release_no_waiters, test_repr
    let lock = Lock::new();
    assert_eq!(shown(&lock), "<Lock unlocked, waiters: 0>");
    lock.acquire().await?;
    assert!(lock.locked());
    assert_eq!(shown(&lock), "<Lock locked, waiters: 0>");
    lock.release()?;
    assert!(!lock.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_guard_releases_when_it_is_dropped() -> asyncio::Result<()> {
    // CPython: test_locks.LockTests.test_context_manager, test_lock_by_with_statement
    let lock = Lock::new();
    let guard = lock.hold().await?;
    assert!(lock.locked());
    let waiter = asyncio::create_task(lock.acquire());
    tick().await;
    drop(guard);
    waiter.await?;
    assert!(lock.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_guard_releases_on_every_way_out() {
    let lock = Lock::new();
    let failing = {
        let lock = lock.clone();
        async move {
            let _held = lock.hold().await?;
            Err::<(), _>(Error::other("no"))
        }
    };
    asyncio::create_task(failing).await.unwrap_err();
    assert!(!lock.locked());
    let cancelled = {
        let lock = lock.clone();
        asyncio::create_task(async move {
            let _held = lock.hold().await?;
            asyncio::sleep(Duration::from_secs(1)).await;
            Ok::<_, Error>(())
        })
    };
    tick().await;
    assert!(lock.locked());
    cancelled.cancel();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    assert!(!lock.locked());
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_guard_releases_nothing_but_its_own_acquisition() -> asyncio::Result<()> {
    let lock = Lock::new();
    let guard = lock.hold().await?;
    lock.release()?;
    lock.acquire().await?;
    drop(guard);
    assert!(lock.locked(), "the second acquisition is somebody else's");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_guard_can_be_handed_to_another_task() -> asyncio::Result<()> {
    let lock = Lock::new();
    let guard = lock.hold().await?;
    let other = asyncio::create_task(async move { drop(guard) });
    lock.acquire().await?;
    other.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_goes_to_those_who_wait_in_their_order() -> asyncio::Result<()> {
    // CPython: test_locks.LockTests.test_acquire
    let (lock, journal) = (Lock::new(), Journal::default());
    lock.acquire().await?;
    let first = acquiring(&lock, &journal, "first");
    let second = acquiring(&lock, &journal, "second");
    tick().await;
    assert!(journal.entries().is_empty());
    lock.release()?;
    tick().await;
    assert_eq!(journal.entries(), ["first"]);
    tick().await;
    assert_eq!(journal.entries(), ["first"], "it is held again");
    let third = acquiring(&lock, &journal, "third");
    lock.release()?;
    tick().await;
    assert_eq!(journal.entries(), ["first", "second"]);
    lock.release()?;
    tick().await;
    assert_eq!(journal.entries(), ["first", "second", "third"]);
    assert!(first.done() && second.done() && third.done());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_free_lock_is_taken_without_a_tick() -> asyncio::Result<()> {
    let lock = Lock::new();
    let later = asyncio::create_task(async {});
    for _ in 0..100 {
        drop(lock.hold().await?);
    }
    assert!(!later.done(), "nothing else has run meanwhile");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn between_release_and_the_next_ones_turn_it_is_free_but_newcomers_queue() -> asyncio::Result<()> {
    let (lock, journal) = (Lock::new(), Journal::default());
    lock.acquire().await?;
    let waiter = acquiring(&lock, &journal, "who waited");
    tick().await;
    lock.release()?;
    assert!(!lock.locked());
    assert!(lock.release().is_err(), "released twice");
    let newcomer = acquiring(&lock, &journal, "newcomer");
    ticks(3).await;
    assert_eq!(journal.entries(), ["who waited"]);
    lock.release()?;
    newcomer.await?;
    waiter.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn releasing_and_asking_again_means_the_end_of_the_queue() -> asyncio::Result<()> {
    let (lock, journal) = (Lock::new(), Journal::default());
    let tasks: Vec<_> = (0..3)
        .map(|name| {
            let (lock, journal) = (lock.clone(), journal.clone());
            asyncio::create_task(async move {
                for round in 0..3 {
                    let _held = lock.hold().await?;
                    journal.note(format!("{round}.{name}"));
                    tick().await;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    assert_eq!(journal.entries(), ["0.0", "0.1", "0.2", "1.0", "1.1", "1.2", "2.0", "2.1", "2.2"]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn releasing_what_is_not_held_is_an_error() {
    // CPython: test_locks.LockTests.test_release_not_acquired
    let error = Lock::new().release().unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)));
    assert!(error.to_string().contains("once for each acquire()"), "{error}");
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_before_its_first_step_a_task_never_joins_the_queue() -> asyncio::Result<()> {
    let lock = Lock::new();
    lock.acquire().await?;
    let task = asyncio::create_task(lock.acquire());
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(shown(&lock), "<Lock locked, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_it_waits_a_task_leaves_the_queue() -> asyncio::Result<()> {
    // CPython: test_locks.LockTests.test_acquire_cancel
    let lock = Lock::new();
    lock.acquire().await?;
    let task = asyncio::create_task(lock.acquire());
    tick().await;
    assert_eq!(shown(&lock), "<Lock locked, waiters: 1>");
    let cancelled = task.as_any().clone();
    running().call_soon(move || {
        cancelled.cancel();
    })?;
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(shown(&lock), "<Lock locked, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_turn_a_task_passes_the_lock_on() -> asyncio::Result<()> {
    // CPython: test_locks.LockTests.test_finished_waiter_cancelled
    for release_first in [true, false] {
        let (lock, journal) = (Lock::new(), Journal::default());
        lock.acquire().await?;
        let first = acquiring(&lock, &journal, "first");
        tick().await;
        let second = acquiring(&lock, &journal, "second");
        if release_first {
            lock.release()?;
            first.cancel();
        } else {
            first.cancel();
            lock.release()?;
        }
        ticks(2).await;
        assert!(first.cancelled());
        assert_eq!(journal.entries(), ["second"]);
        assert_eq!(shown(&lock), "<Lock locked, waiters: 0>");
        second.await?;
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancelled_waiter_counts_until_its_task_has_run() -> asyncio::Result<()> {
    // Unlike in Python, where the newcomer has the lock at once: one tick later here.
    let lock = Lock::new();
    lock.acquire().await?;
    let waiter = asyncio::create_task(lock.acquire());
    tick().await;
    waiter.cancel();
    lock.release()?;
    let mut newcomer = Box::pin(lock.acquire());
    assert!(futures_lite::future::poll_once(newcomer.as_mut()).await.is_none());
    newcomer.await?;
    assert!(waiter.cancelled());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancel_and_a_release_in_one_tick_lose_no_wake_up() -> asyncio::Result<()> {
    // CPython: test_locks.LockTests.test_cancel_race
    let lock = Lock::new();
    let blocker = Future::<()>::new()?;
    let holding = |blocker: Option<Future<()>>| {
        let lock = lock.clone();
        asyncio::create_task(async move {
            let _held = lock.hold().await?;
            if let Some(blocker) = blocker {
                blocker.await?;
            }
            Ok::<_, Error>(())
        })
    };
    let a = holding(Some(blocker.clone()));
    tick().await;
    let (b, c) = (holding(None), holding(None));
    tick().await;
    assert_eq!(shown(&lock), "<Lock locked, waiters: 2>");
    blocker.set_result(())?;
    b.cancel();
    tick().await;
    assert!(!lock.locked());
    assert!(a.done() && b.cancelled());
    c.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancel_and_a_release_in_one_tick_let_one_in_and_not_two() -> asyncio::Result<()> {
    // CPython: test_locks.LockTests.test_cancel_release_race (B 34)
    let (lock, journal) = (Lock::new(), Journal::default());
    lock.acquire().await?;
    let tasks = ["1", "2", "3"].map(|name| acquiring(&lock, &journal, name));
    tick().await;
    let (first, releasing) = (tasks[0].as_any().clone(), lock.clone());
    running().call_soon(move || {
        first.cancel();
        releasing.release().unwrap();
    })?;
    let [first, second, third] = tasks;
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["2"]);
    assert!(second.done());
    third.cancel();
    tick().await;
    assert!(third.cancelled());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_request_that_is_withdrawn_in_time_costs_nothing() -> asyncio::Result<()> {
    let (lock, journal) = (Lock::new(), Journal::default());
    lock.acquire().await?;
    let first = acquiring(&lock, &journal, "first");
    let second = acquiring(&lock, &journal, "second");
    tick().await;
    lock.release()?;
    first.cancel();
    first.uncancel();
    tick().await;
    assert_eq!(journal.entries(), ["first"]);
    lock.release()?;
    second.await?;
    first.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_deadline_gives_the_place_up() -> asyncio::Result<()> {
    let lock = Lock::new();
    lock.acquire().await?;
    let error = asyncio::timeout(Duration::from_secs(1), lock.acquire()).await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(shown(&lock), "<Lock locked, waiters: 0>");
    lock.release()?;
    asyncio::timeout(Duration::from_secs(1), lock.acquire()).await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_future_that_is_dropped_by_hand_passes_the_lock_on() -> asyncio::Result<()> {
    let (lock, journal) = (Lock::new(), Journal::default());
    lock.acquire().await?;
    let mut dropped = Box::pin(lock.acquire());
    assert!(futures_lite::future::poll_once(dropped.as_mut()).await.is_none());
    let second = acquiring(&lock, &journal, "second");
    tick().await;
    lock.release()?;
    drop(dropped);
    second.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_is_freed_with_its_last_handle() -> asyncio::Result<()> {
    let witness = Rc::new(());
    let lock = Lock::new();
    let guard = lock.hold().await?;
    let kept = witness.clone();
    let holder = asyncio::create_task(async move {
        let _kept = (guard, kept);
        Ok::<_, Error>(())
    });
    drop(lock);
    holder.await?;
    assert_eq!(Rc::strong_count(&witness), 1);
    Ok(())
}
