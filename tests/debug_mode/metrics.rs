//! `loop.metrics()`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{Clock, EventLoop, Runner};

use crate::support::log::listen;
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
    assert!(after.durations.iter().all(|number| *number == 0), "they are counted where that is asked for");
    assert!(after.longest_callback.is_zero());
    assert!(tasks.iter().all(|task| task.cancel()));
    tick().await;
    assert_eq!(event_loop.metrics().tasks_alive, before.tasks_alive);
}

#[asyncio::test]
async fn steps_are_told_from_callbacks_and_batches_are_counted() {
    let event_loop = running();
    let before = event_loop.metrics();
    for _ in 0..5 {
        event_loop.call_soon(|| {}).unwrap();
    }
    // A batch of five callbacks and the step of this task.
    tick().await;
    let after = event_loop.metrics();
    assert_eq!(after.callbacks - before.callbacks, 6);
    assert_eq!((after.steps - before.steps, after.batches - before.batches), (1, 1));
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let (mut reader, _writer) = asyncio::open_connection_with_sock(near).await.unwrap();
    for debug in [false, true] {
        event_loop.set_debug(debug);
        let before = event_loop.metrics();
        std::io::Write::write_all(&mut (&far), b"x").unwrap();
        reader.readexactly(1).await.unwrap();
        let after = event_loop.metrics();
        // The descriptor's callback, and the step that it made run right after it.
        assert_eq!((after.io_events - before.io_events, after.steps - before.steps), (1, 1));
        assert_eq!(after.callbacks - before.callbacks, 2);
    }
    event_loop.set_debug(false);
}

/// A clock that another thread moves.
#[derive(Clone, Debug, Default)]
struct HandClock(Arc<AtomicU64>);

impl Clock for HandClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

#[test]
fn the_time_in_which_a_loop_sleeps_is_no_long_batch() {
    let (clock, (sender, asleep)) = (HandClock::default(), std::sync::mpsc::channel());
    // Said a second after the loop has fallen asleep, which it will go on to be.
    listen(move |text| {
        if text.contains("that is no deadlock") {
            let _ = sender.send(());
        }
    });
    let (hands, of_loop) = (clock.clone(), clock.clone());
    let mut runner = Runner::builder().loop_factory(|| EventLoop::builder().clock(of_loop).build()).build();
    let waited = runner.run(async move {
        let thread = asyncio::to_thread(move || {
            asleep.recv().unwrap();
            hands.0.fetch_add(3600, Ordering::Relaxed);
        });
        thread.await?;
        // Something is due when the kernel is asked.
        asyncio::testing::until_idle().await;
        Ok::<_, asyncio::Error>(running().metrics().longest_batch)
    });
    assert_eq!(clock.now(), Duration::from_secs(3600));
    assert_eq!(waited.unwrap(), Duration::ZERO);
}

#[asyncio::test(debug)]
async fn debug_mode_counts_durations() {
    for _ in 0..10 {
        tick().await;
    }
    assert!(running().metrics().durations.iter().sum::<u64>() >= 10);
}

/// Runs callbacks that take so long, and gives what was counted.
fn timed(event_loop: &EventLoop, clock: &VirtualClock, took: &[u64]) -> (Vec<(usize, u64)>, Duration) {
    for micros in took {
        let (clock, micros) = (clock.clone(), *micros);
        event_loop.call_soon(move || clock.advance(Duration::from_micros(micros))).unwrap();
    }
    crate::support::ticks::tick(event_loop);
    let metrics = event_loop.metrics();
    let counted = metrics.durations.into_iter().enumerate().filter(|(_, number)| *number > 0).collect();
    (counted, metrics.longest_callback)
}

#[test]
fn a_histogram_is_taken_where_it_is_asked_for() {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::builder().clock(clock.clone()).metrics_histogram(true).build().unwrap();
    let took = [0, 1, 3, 3, 1_000_000, 0];
    let expected = (vec![(0, 2), (1, 1), (2, 2), (20, 1)], Duration::from_secs(1));
    assert_eq!(timed(&event_loop, &clock, &took), expected);
    // Switching debug mode on and off takes nothing away.
    event_loop.set_debug(true);
    event_loop.set_debug(false);
    assert_eq!(timed(&event_loop, &clock, &[0]).0[0], (0, 3));
    event_loop.close().unwrap();
    let without = EventLoop::builder().clock(clock.clone()).build().unwrap();
    assert_eq!(timed(&without, &clock, &took), (Vec::new(), Duration::ZERO));
    without.close().unwrap();
}

#[test]
fn a_runner_passes_the_wish_on() {
    for wish in [true, false] {
        let mut runner = Runner::builder().metrics_histogram(wish).debug(false).build();
        runner.run(tick()).unwrap();
        let counted = runner.get_loop().unwrap().metrics().durations.iter().any(|number| *number > 0);
        assert_eq!(counted, wish);
        runner.close().unwrap();
    }
}

#[test]
fn a_callback_that_keeps_the_loop_busy_is_seen() {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::builder().clock(clock.clone()).build().unwrap();
    let long = Duration::from_millis(30);
    event_loop.call_soon(move || clock.advance(long)).unwrap();
    event_loop.run_until_complete(asyncio::testing::until_idle()).unwrap();
    // It is noted when the kernel is asked the next time.
    event_loop.run_until_complete(async {}).unwrap();
    assert_eq!(event_loop.metrics().longest_batch, long);
    event_loop.close().unwrap();
}
