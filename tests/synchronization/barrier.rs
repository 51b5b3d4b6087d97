//! `Barrier`.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use asyncio::{Barrier, Error, Task, catch_cancelled};

use crate::support::journal::Journal;
use crate::support::quiet::{quiet, tick};

const N: usize = 5;

/// So many tasks of the same body.
fn tasks<F>(count: usize, body: impl Fn() -> F) -> Vec<Task<()>>
where
    F: Future<Output = asyncio::Result<()>> + 'static,
{
    (0..count).map(|_| asyncio::create_task(body())).collect()
}

async fn all(tasks: Vec<Task<()>>) -> asyncio::Result<()> {
    for task in tasks {
        task.await?;
    }
    Ok(())
}

fn is_broken<T>(outcome: &asyncio::Result<T>) -> bool {
    matches!(outcome, Err(Error::BrokenBarrierError))
}

#[track_caller]
fn is_as_new(barrier: &Barrier) {
    assert_eq!((barrier.n_waiting(), barrier.broken()), (0, false));
    assert_eq!(format!("{barrier:?}"), format!("<Barrier filling, inside: 0/{}>", barrier.parties()));
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_is_for_at_least_one() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_barrier, test_barrier_parties, test_repr
    assert!(matches!(Barrier::new(0), Err(Error::ValueError(_))));
    let barrier = Barrier::new(N)?;
    assert_eq!(barrier.parties(), N);
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn for_one_it_never_waits() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_filling_one_task, test_filling_one_task_twice
    let barrier = Barrier::new(1)?;
    let later = asyncio::create_task(async {});
    assert_eq!((barrier.wait().await?, barrier.wait().await?), (0, 0));
    assert!(!later.done(), "no tick has passed");
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_opens_when_the_last_one_comes() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_filling_task_by_task
    let barrier = Barrier::new(3)?;
    let first = asyncio::create_task(barrier.wait());
    tick().await;
    assert_eq!(barrier.n_waiting(), 1);
    let second = asyncio::create_task(barrier.wait());
    tick().await;
    assert_eq!(barrier.n_waiting(), 2);
    assert_eq!(format!("{barrier:?}"), "<Barrier filling, inside: 2/3>");
    let third = asyncio::create_task(barrier.wait());
    assert_eq!((first.await?, second.await?, third.await?), (0, 1, 2));
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn the_last_to_come_goes_on_first_and_the_others_in_their_order() -> asyncio::Result<()> {
    let (barrier, journal) = (Barrier::new(3)?, Journal::default());
    let tasks = tasks(3, || {
        let (barrier, journal) = (barrier.clone(), journal.clone());
        async move {
            journal.note(barrier.wait().await?.to_string());
            Ok(())
        }
    });
    all(tasks).await?;
    assert_eq!(journal.entries(), ["2", "0", "1"]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_can_be_used_again_and_counts_anew() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_filling_tasks_wait_twice, test_filling_tasks_check_return_value,
    // test_context_manager
    let (barrier, journal) = (Barrier::new(N)?, Journal::default());
    let tasks = tasks(N, || {
        let (barrier, journal) = (barrier.clone(), journal.clone());
        async move {
            barrier.wait().await?;
            journal.note("once");
            journal.note(barrier.wait().await?.to_string());
            Ok(())
        }
    });
    all(tasks).await?;
    let mut entries = journal.entries();
    entries.sort();
    assert_eq!(entries, ["0", "1", "2", "3", "4", "once", "once", "once", "once", "once"]);
    assert!(journal.entries()[..N].iter().all(|entry| entry == "once"), "no task is a round ahead");
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_drains_until_the_last_one_has_gone() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_draining_state
    let (barrier, journal) = (Barrier::new(N)?, Journal::default());
    let tasks = tasks(N, || {
        let (barrier, journal) = (barrier.clone(), journal.clone());
        async move {
            barrier.wait().await?;
            assert_eq!(barrier.n_waiting(), 0);
            journal.note(format!("{barrier:?}"));
            Ok(())
        }
    });
    all(tasks).await?;
    let draining = journal.entries().iter().filter(|entry| entry.contains("draining")).count();
    assert_eq!(draining, N - 1);
    assert!(journal.entries()[N - 1].contains("filling"));
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn who_comes_back_while_it_drains_waits_outside() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_blocking_tasks_while_draining
    let again = 2;
    let (barrier, rest) = (Barrier::new(N)?, Barrier::new(N - again)?);
    let left = Rc::new(Cell::new(again));
    let tasks = tasks(N, || {
        let (barrier, rest, left) = (barrier.clone(), rest.clone(), left.clone());
        async move {
            barrier.wait().await?;
            if left.get() > 0 {
                left.set(left.get() - 1);
            } else {
                rest.wait().await?;
            }
            barrier.wait().await?;
            Ok(())
        }
    });
    all(tasks).await?;
    is_as_new(&barrier);
    is_as_new(&rest);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_before_its_first_step_a_task_has_not_come() -> asyncio::Result<()> {
    let barrier = Barrier::new(2)?;
    let task = asyncio::create_task(barrier.wait());
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_it_waits_a_task_leaves_and_the_barrier_does_not_break() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_filling_tasks_cancel_one (B 37)
    let barrier = Barrier::new(3)?;
    let first = asyncio::create_task(barrier.wait());
    let second = asyncio::create_task(barrier.wait());
    tick().await;
    assert_eq!(barrier.n_waiting(), 2);
    first.cancel();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(barrier.n_waiting(), 1);
    let third = asyncio::create_task(barrier.wait());
    tick().await;
    assert_eq!(barrier.n_waiting(), 2);
    barrier.wait().await?;
    second.await?;
    third.await?;
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_opening_a_task_has_come_and_holds_nobody_up() -> asyncio::Result<()> {
    let barrier = Barrier::new(3)?;
    let first = {
        let barrier = barrier.clone();
        asyncio::create_task(async move { Ok::<_, Error>(catch_cancelled(barrier.wait()).await.is_err()) })
    };
    let second = asyncio::create_task(barrier.wait());
    tick().await;
    assert_eq!(barrier.wait().await?, 2);
    first.cancel();
    assert_eq!(second.await?, 1);
    assert!(first.await?, "it leaves although the barrier was open");
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_outside_a_task_is_not_missed() -> asyncio::Result<()> {
    let barrier = Barrier::new(2)?;
    let first = asyncio::create_task(barrier.wait());
    tick().await;
    barrier.wait().await?;
    let outside = asyncio::create_task(barrier.wait());
    outside.cancel();
    let early = barrier.clone();
    let early = asyncio::create_task(async move { early.wait().await });
    first.await?;
    assert!(outside.await.unwrap_err().is_cancelled());
    assert_eq!((barrier.wait().await?, early.await?), (1, 0));
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_reset_sends_those_who_wait_away() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_reset_barrier, test_reset_barrier_while_tasks_waiting
    let barrier = Barrier::new(N)?;
    barrier.reset();
    is_as_new(&barrier);
    let tasks: Vec<_> = (1..N).map(|_| asyncio::create_task(barrier.wait())).collect();
    tick().await;
    barrier.reset();
    assert_eq!(barrier.n_waiting(), 0);
    for task in tasks {
        assert!(is_broken(&task.await));
    }
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_reset_while_it_drains_breaks_it_for_those_who_have_not_gone() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_reset_barrier_when_tasks_half_draining
    let (barrier, journal) = (Barrier::new(N)?, Journal::default());
    let tasks = tasks(N, || {
        let (barrier, journal) = (barrier.clone(), journal.clone());
        async move {
            let outcome = barrier.wait().await;
            journal.note(if is_broken(&outcome) { "broken" } else { "gone" });
            if journal.count("gone") == 3 {
                barrier.reset();
            }
            Ok(())
        }
    });
    all(tasks).await?;
    assert_eq!(journal.entries(), ["gone", "gone", "gone", "broken", "broken"]);
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_reset_leaves_those_outside_waiting_for_the_next_round() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_reset_barrier_when_tasks_half_draining_half_blocking
    let (barrier, journal) = (Barrier::new(N)?, Journal::default());
    let tasks = tasks(N, || {
        let (barrier, journal) = (barrier.clone(), journal.clone());
        async move {
            let outcome = barrier.wait().await;
            journal.note(if is_broken(&outcome) { "broken" } else { "gone" });
            if journal.count("gone") == 3 {
                barrier.reset();
                journal.note("reset");
            }
            // Here or outside, all come together again.
            barrier.wait().await?;
            journal.note("again");
            Ok(())
        }
    });
    all(tasks).await?;
    assert_eq!((journal.count("gone"), journal.count("broken"), journal.count("again")), (3, 2, 5));
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn after_a_reset_the_same_tasks_can_meet_again() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_reset_barrier_while_tasks_waiting_and_waiting_again,
    // test_reset_barrier_while_tasks_draining
    let (barrier, journal) = (Barrier::new(N)?, Journal::default());
    let waiting = tasks(N - 1, || {
        let (barrier, journal) = (barrier.clone(), journal.clone());
        async move {
            assert!(is_broken(&barrier.wait().await));
            journal.note("broken");
            barrier.wait().await?;
            journal.note("met");
            Ok(())
        }
    });
    tick().await;
    barrier.reset();
    quiet().await;
    assert_eq!(journal.count("broken"), N - 1);
    assert_eq!(barrier.n_waiting(), N - 1);
    barrier.wait().await?;
    all(waiting).await?;
    assert_eq!(journal.count("met"), N - 1);
    is_as_new(&barrier);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn an_abort_breaks_it_until_a_reset() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_abort_barrier
    let barrier = Barrier::new(2)?;
    let waiter = asyncio::create_task(barrier.wait());
    tick().await;
    barrier.abort();
    assert_eq!((barrier.n_waiting(), barrier.broken()), (0, true));
    assert!(is_broken(&waiter.await));
    assert!(is_broken(&barrier.wait().await));
    barrier.reset();
    is_as_new(&barrier);
    let waiter = asyncio::create_task(barrier.wait());
    tick().await;
    barrier.wait().await?;
    waiter.await?;
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn an_abort_while_it_drains_reaches_those_inside_and_outside() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_abort_barrier_when_tasks_half_draining_half_blocking
    let (barrier, journal) = (Barrier::new(N)?, Journal::default());
    let tasks = tasks(N, || {
        let (barrier, journal) = (barrier.clone(), journal.clone());
        async move {
            if is_broken(&barrier.wait().await) {
                journal.note("inside");
                return Ok(());
            }
            journal.note("gone");
            if journal.count("gone") == 3 {
                barrier.abort();
            } else if is_broken(&barrier.wait().await) {
                journal.note("outside");
            }
            Ok(())
        }
    });
    all(tasks).await?;
    assert_eq!((journal.count("inside"), journal.count("outside")), (2, 2));
    assert!(barrier.broken());
    assert_eq!(barrier.n_waiting(), 0);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_task_that_fails_can_break_it_for_all_and_all_can_meet_after_a_reset() -> asyncio::Result<()> {
    // CPython: test_locks.BarrierTests.test_abort_barrier_when_exception,
    // test_abort_barrier_when_exception_then_resetting
    let (first, second, journal) = (Barrier::new(N)?, Barrier::new(N)?, Journal::default());
    let tasks = tasks(N, || {
        let (first, second, journal) = (first.clone(), second.clone(), journal.clone());
        async move {
            match first.wait().await {
                Ok(index) if index == N / 2 => first.abort(),
                Ok(_) => {
                    assert!(is_broken(&first.wait().await));
                    journal.note("broken outside");
                }
                outcome => {
                    assert!(is_broken(&outcome));
                    journal.note("broken inside");
                }
            }
            // Everybody has left when it is reset, and nobody comes before.
            if second.wait().await? == N / 2 {
                assert!(first.broken());
                first.reset();
            }
            second.wait().await?;
            first.wait().await?;
            journal.note("met");
            Ok(())
        }
    });
    all(tasks).await?;
    let broken = (journal.count("broken outside"), journal.count("broken inside"));
    assert_eq!((broken, journal.count("met")), ((3, 1), N));
    is_as_new(&first);
    Ok(())
}
