//! `Semaphore` and `BoundedSemaphore`.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{BoundedSemaphore, Error, Semaphore, Task};

use crate::support::journal::Journal;
use crate::support::net::running;
use crate::support::quiet::{quiet, tick, ticks};

fn acquiring(semaphore: &Semaphore, journal: &Journal, name: &'static str) -> Task<()> {
    let (semaphore, journal) = (semaphore.clone(), journal.clone());
    asyncio::create_task(async move {
        semaphore.acquire().await?;
        journal.note(name);
        Ok::<_, Error>(())
    })
}

fn shown(semaphore: &Semaphore) -> String {
    format!("{semaphore:?}")
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_counts_down_and_up() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_semaphore, test_repr, test_initial_value_zero, test_release_no_waiters
    assert!(Semaphore::new(0).locked());
    let semaphore = Semaphore::default();
    assert_eq!(shown(&semaphore), "<Semaphore unlocked, value: 1, waiters: 0>");
    semaphore.acquire().await?;
    assert!(semaphore.locked());
    semaphore.release()?;
    assert!(!semaphore.locked());
    semaphore.release()?;
    assert_eq!(shown(&semaphore), "<Semaphore unlocked, value: 2, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_release_beyond_the_largest_number_is_an_error() {
    let semaphore = Semaphore::new(usize::MAX);
    assert!(matches!(semaphore.release(), Err(Error::ValueError(_))));
    assert!(!semaphore.locked());
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn its_units_go_to_those_who_wait_when_they_are_woken() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire
    let (semaphore, journal) = (Semaphore::new(3), Journal::default());
    semaphore.acquire().await?;
    semaphore.acquire().await?;
    assert!(!semaphore.locked());
    let tasks = ["1", "2", "3"].map(|name| acquiring(&semaphore, &journal, name));
    tick().await;
    assert_eq!(journal.entries(), ["1"]);
    assert_eq!(shown(&semaphore), "<Semaphore locked, value: 0, waiters: 2>");
    let fourth = acquiring(&semaphore, &journal, "4");
    semaphore.release()?;
    semaphore.release()?;
    // Taken off at once, not when the tasks run.
    assert_eq!(shown(&semaphore), "<Semaphore locked, value: 0, waiters: 2>");
    tick().await;
    assert_eq!(journal.entries(), ["1", "2", "3"]);
    assert_eq!(shown(&semaphore), "<Semaphore locked, value: 0, waiters: 1>");
    semaphore.release()?;
    fourth.await?;
    assert!(tasks.iter().all(|task| task.done()));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_guard_holds_one_unit() -> asyncio::Result<()> {
    let semaphore = Semaphore::new(2);
    let (running, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (semaphore, running, most) = (semaphore.clone(), running.clone(), most.clone());
            asyncio::create_task(async move {
                let _held = semaphore.hold().await?;
                running.set(running.get() + 1);
                most.set(running.get().max(most.get()));
                asyncio::sleep(Duration::from_millis(10)).await;
                running.set(running.get() - 1);
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    assert_eq!(most.get(), 2);
    assert_eq!(shown(&semaphore), "<Semaphore unlocked, value: 2, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn rounds_keep_their_order() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_fifo_order
    let (semaphore, journal) = (Semaphore::new(1), Journal::default());
    let tasks = ["a", "b", "c"].map(|name| {
        let (semaphore, journal) = (semaphore.clone(), journal.clone());
        asyncio::create_task(async move {
            for round in [1, 2] {
                semaphore.acquire().await?;
                journal.note(format!("{name}{round}"));
                asyncio::sleep(Duration::from_millis(10)).await;
                semaphore.release()?;
            }
            Ok::<_, Error>(())
        })
    });
    for task in tasks {
        task.await?;
    }
    assert_eq!(journal.entries(), ["a1", "b1", "c1", "a2", "b2", "c2"]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn who_releases_and_asks_again_waits_behind_the_others() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_fifo_order_2
    let (semaphore, journal) = (Semaphore::new(1), Journal::default());
    let first = acquiring(&semaphore, &journal, "1");
    let second = {
        let (semaphore, journal) = (semaphore.clone(), journal.clone());
        asyncio::create_task(async move {
            semaphore.acquire().await?;
            journal.note("2");
            semaphore.release()?;
            semaphore.acquire().await?;
            journal.note("4");
            Ok::<_, Error>(())
        })
    };
    let third = acquiring(&semaphore, &journal, "3");
    tick().await;
    semaphore.release()?;
    semaphore.release()?;
    first.await?;
    second.await?;
    third.await?;
    assert_eq!(journal.entries(), ["1", "2", "3", "4"]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancelled_waiter_is_skipped() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_fifo_order_3
    let (semaphore, journal) = (Semaphore::new(0), Journal::default());
    let tasks = ["1", "2", "3"].map(|name| acquiring(&semaphore, &journal, name));
    tick().await;
    tasks[0].cancel();
    tick().await;
    semaphore.release()?;
    semaphore.release()?;
    quiet().await;
    assert_eq!(journal.entries(), ["2", "3"]);
    assert!(tasks[0].cancelled());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn an_acquisition_wakes_those_who_queued_behind_it() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_fifo_order_4 (B 36)
    let (semaphore, journal) = (Semaphore::new(0), Journal::default());
    let first = {
        let (semaphore, journal) = (semaphore.clone(), journal.clone());
        asyncio::create_task(async move {
            semaphore.acquire().await?;
            journal.note("1");
            let fourth = journal.clone();
            drop(asyncio::create_task(async move { fourth.note("4") }));
            Ok::<_, Error>(())
        })
    };
    let second = {
        let (semaphore, journal) = (semaphore.clone(), journal.clone());
        asyncio::create_task(async move {
            for _ in 0..3 {
                semaphore.release()?;
            }
            assert!(semaphore.locked(), "the first one has been woken and not run");
            semaphore.acquire().await?;
            journal.note("2");
            Ok::<_, Error>(())
        })
    };
    let third = acquiring(&semaphore, &journal, "3");
    tick().await;
    assert_eq!(shown(&semaphore), "<Semaphore locked, value: 2, waiters: 3>");
    quiet().await;
    assert_eq!(journal.entries(), ["1", "2", "3", "4"]);
    assert!(first.done() && second.done() && third.done());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_before_its_first_step_a_task_never_joins_the_queue() -> asyncio::Result<()> {
    let semaphore = Semaphore::new(0);
    let task = asyncio::create_task(semaphore.acquire());
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(shown(&semaphore), "<Semaphore locked, value: 0, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_it_waits_a_task_leaves_the_queue() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_cancel
    let semaphore = Semaphore::new(1);
    semaphore.acquire().await?;
    let task = asyncio::create_task(semaphore.acquire());
    let cancelled = task.as_any().clone();
    running().call_soon(move || {
        cancelled.cancel();
    })?;
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(shown(&semaphore), "<Semaphore locked, value: 0, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_turn_a_task_gives_its_unit_on() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_hang
    for release_first in [true, false] {
        let (semaphore, journal) = (Semaphore::new(0), Journal::default());
        let first = acquiring(&semaphore, &journal, "first");
        let second = acquiring(&semaphore, &journal, "second");
        tick().await;
        if release_first {
            semaphore.release()?;
            first.cancel();
        } else {
            first.cancel();
            semaphore.release()?;
        }
        ticks(2).await;
        assert!(first.cancelled() && second.done());
        assert_eq!(journal.entries(), ["second"]);
        assert_eq!(shown(&semaphore), "<Semaphore locked, value: 0, waiters: 0>");
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_unit_passes_over_several_who_were_cancelled() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_cancel_before_awoken
    let (semaphore, journal) = (Semaphore::new(0), Journal::default());
    let [first, second, third, fourth] = ["1", "2", "3", "4"].map(|name| acquiring(&semaphore, &journal, name));
    tick().await;
    first.cancel();
    second.cancel();
    semaphore.release()?;
    ticks(2).await;
    assert!(third.done() && !fourth.done());
    fourth.cancel();
    tick().await;
    assert_eq!(shown(&semaphore), "<Semaphore locked, value: 0, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_by_the_holder_after_its_release_a_waiter_leaves_the_unit() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_acquire_no_hang
    let semaphore = Semaphore::new(1);
    let guard = semaphore.hold().await?;
    let waiter = asyncio::create_task(semaphore.acquire());
    tick().await;
    drop(guard);
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    asyncio::wait_for(semaphore.acquire(), Duration::from_secs(1)).await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_bounded_one_notices_a_release_too_many() -> asyncio::Result<()> {
    // CPython: test_locks.SemaphoreTests.test_release_not_acquired
    let semaphore = BoundedSemaphore::default();
    let error = semaphore.release().unwrap_err();
    assert!(matches!(error, Error::ValueError(_)));
    assert!(error.to_string().contains("once for each acquire()"), "{error}");
    semaphore.acquire().await?;
    assert!(semaphore.locked());
    let waiter = asyncio::create_task(semaphore.acquire());
    tick().await;
    semaphore.release()?;
    waiter.await?;
    semaphore.release()?;
    assert!(semaphore.release().is_err());
    assert!(!semaphore.locked());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_guard_whose_unit_was_released_by_hand_is_reported() -> asyncio::Result<()> {
    let journal = Journal::default();
    let reports = journal.clone();
    running().set_exception_handler(move |_, context| reports.note(context.to_string()));
    let semaphore = BoundedSemaphore::new(1);
    let guard = semaphore.hold().await?;
    semaphore.release()?;
    drop(guard);
    let report = journal.entries().swap_remove(0);
    assert!(report.starts_with("ASY0019: ") && report.contains("too often"), "{report}");
    assert!(!semaphore.locked());
    Ok(())
}
