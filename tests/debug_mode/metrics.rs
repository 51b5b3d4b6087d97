//! `loop.metrics()`.

use std::time::Duration;

use crate::support::net::running;
use crate::support::tasks::{HOUR, tick};

#[asyncio::test]
async fn tasks_callbacks_timers_and_calls_are_counted() {
    let event_loop = running();
    let before = event_loop.metrics();
    let tasks: Vec<_> = (0..3).map(|_| asyncio::create_task(asyncio::sleep(HOUR))).collect();
    event_loop.call_soon(|| {}).unwrap();
    let handle = event_loop.handle();
    std::thread::spawn(move || handle.call_soon_threadsafe(|| {}).unwrap()).join().unwrap();
    asyncio::sleep(Duration::from_millis(1)).await;
    let after = event_loop.metrics();
    assert_eq!((after.tasks_alive, after.tasks_spawned - before.tasks_spawned), (before.tasks_alive + 3, 3));
    assert!(after.callbacks - before.callbacks >= 6, "{after:?}");
    assert!(after.polls_of_the_kernel > before.polls_of_the_kernel);
    assert_eq!(after.calls_from_threads - before.calls_from_threads, 1);
    assert_eq!((after.timers, after.timers_fired - before.timers_fired), (before.timers + 3, 1));
    assert!(after.durations.iter().all(|number| *number == 0), "only debug mode takes the time");
    assert!(tasks.iter().all(|task| task.cancel()));
    tick().await;
    assert_eq!(event_loop.metrics().tasks_alive, before.tasks_alive);
}

#[asyncio::test(debug)]
async fn debug_mode_counts_durations() {
    for _ in 0..10 {
        tick().await;
    }
    assert!(running().metrics().durations.iter().sum::<u64>() >= 10);
}

#[asyncio::test]
async fn a_callback_that_keeps_the_loop_busy_is_seen() {
    let spin = tick();
    std::thread::sleep(Duration::from_millis(30));
    spin.await;
    // It is noted when the kernel is asked.
    asyncio::testing::until_idle().await;
    let longest = running().metrics().longest_batch;
    assert!((Duration::from_millis(30)..Duration::from_secs(60)).contains(&longest), "{longest:?}");
}
