//! `sleep`: a timer, or one tick.

use std::time::Duration;

use asyncio::Error;

use crate::support::journal::Journal;
use crate::support::tasks::{HOUR, millis, polls_within, tick};

fn now() -> Duration {
    asyncio::get_running_loop().unwrap().time()
}

#[asyncio::test(virtual_time)]
async fn sleeps_add_up() {
    // CPython: test_tasks.BaseTaskTests.test_sleep
    let began = now();
    asyncio::sleep(millis(50)).await;
    assert_eq!(now() - began, millis(50));
    asyncio::sleep(millis(50)).await;
    assert_eq!(now() - began, millis(100));
}

#[asyncio::test(virtual_time)]
async fn a_sleep_counts_from_its_first_poll() {
    let began = now();
    let sleep = asyncio::sleep(millis(50));
    asyncio::sleep(millis(30)).await;
    sleep.await;
    assert_eq!(now() - began, millis(80));
}

#[asyncio::test]
async fn a_sleep_of_nothing_is_one_tick() {
    // CPython: test_tasks.SleepTests.test_sleep_zero
    let journal = Journal::default();
    let event_loop = asyncio::get_running_loop().unwrap();
    for round in 0..3 {
        let (first, second) = (journal.clone(), journal.clone());
        let inner = event_loop.clone();
        let nested = move || {
            first.note(format!("call {round}"));
            inner.call_soon(move || second.note(format!("nested {round}"))).unwrap();
        };
        event_loop.call_soon(nested).unwrap();
        tick().await;
        journal.note(format!("after {round}"));
    }
    let expected =
        ["call 0", "after 0", "nested 0", "call 1", "after 1", "nested 1", "call 2", "after 2"].map(String::from);
    assert_eq!(journal.entries(), expected);
}

#[asyncio::test(virtual_time)]
async fn sleepers_wake_in_the_order_of_their_deadlines() {
    let journal = Journal::default();
    let sleepers: Vec<_> = [30, 10, 20, 10]
        .into_iter()
        .enumerate()
        .map(|(number, delay)| {
            let journal = journal.clone();
            asyncio::create_task(async move {
                asyncio::sleep(millis(delay)).await;
                journal.note(format!("{delay} of {number}"));
            })
        })
        .collect();
    for sleeper in sleepers {
        sleeper.await.unwrap();
    }
    assert_eq!(journal.entries(), ["10 of 1", "10 of 3", "20 of 2", "30 of 0"]);
}

#[asyncio::test(virtual_time)]
async fn cancelling_a_sleeper_costs_no_time_and_leaves_no_timer() {
    // CPython: test_tasks.BaseTaskTests.test_task_cancel_sleeping_task, test_sleep_cancel
    let began = now();
    let sleeper = asyncio::create_task(asyncio::sleep(HOUR));
    let cancel = sleeper.as_any();
    asyncio::get_running_loop().unwrap().call_later(millis(100), move || assert!(cancel.cancel())).unwrap();
    assert!(sleeper.await.unwrap_err().is_cancelled());
    assert_eq!(now() - began, millis(100));
    // With a timer left the clock would stop at its time first.
    asyncio::sleep(HOUR * 2).await;
    assert_eq!(now() - began, millis(100) + HOUR * 2);
}

#[asyncio::test(virtual_time)]
async fn a_sleep_that_was_dropped_leaves_no_timer() {
    for _ in 0..10 {
        futures_lite::future::or(asyncio::sleep(millis(10)), tick()).await;
    }
    assert_eq!(polls_within(millis(50)).await, 2, "a timer that is left would wake this task");
}

#[asyncio::test(virtual_time)]
async fn the_longest_sleep_is_no_overflow() {
    let sleeper = asyncio::create_task(asyncio::sleep(Duration::MAX));
    asyncio::sleep(HOUR * 24 * 365).await;
    assert!(!sleeper.done());
    sleeper.cancel();
    assert!(sleeper.await.unwrap_err().is_cancelled());
}

#[test]
fn a_sleep_in_real_time_is_never_early() {
    for delay in [1, 3, 7] {
        let took = asyncio::run(async move {
            let began = std::time::Instant::now();
            asyncio::sleep(millis(delay)).await;
            Ok::<_, Error>(began.elapsed())
        });
        assert!(took.unwrap() >= millis(delay));
    }
}

#[test]
#[should_panic(expected = "sleep() needs a running event loop")]
fn a_sleep_without_a_loop_panics_and_says_what_to_do() {
    futures_lite::future::block_on(asyncio::sleep(millis(1)));
}
