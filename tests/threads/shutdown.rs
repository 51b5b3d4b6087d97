//! The end of the default executor: `shutdown_default_executor`, `Runner`, `loop.close()`.

use std::time::{Duration, Instant};

use super::counter::Counter;
use super::gate::gate;
use crate::support::log;
use crate::support::tasks::HOUR;
use asyncio::testing::{VirtualClock, until_idle};
use asyncio::{Error, EventLoop, ThreadPoolExecutor, create_task, get_running_loop, run, sleep, to_thread};

#[asyncio::test(timeout = "20s")]
async fn shutdown_waits_for_what_was_submitted_and_refuses_more() {
    let event_loop = get_running_loop().unwrap();
    let finished = Counter::default();
    for _ in 0..50 {
        let finished = finished.clone();
        drop(event_loop.run_in_executor(None, move || finished.up()).unwrap());
    }
    event_loop.shutdown_default_executor(None).await.unwrap();
    assert_eq!(finished.get(), 50);
    let refused = event_loop.run_in_executor(None, || ()).unwrap_err();
    assert!(matches!(&refused, Error::RuntimeError(_)) && refused.to_string().contains("shut down"), "{refused}");
    assert!(to_thread(|| ()).await.is_err());
    event_loop.shutdown_default_executor(None).await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_pool_that_is_set_after_the_shutdown_is_refused_as_well() {
    let event_loop = get_running_loop().unwrap();
    event_loop.shutdown_default_executor(None).await.unwrap();
    event_loop.set_default_executor(ThreadPoolExecutor::new());
    assert!(event_loop.run_in_executor(None, || ()).is_err());
}

// CPython: test_base_events.BaseEventLoopTests.test_shutdown_default_executor_timeout
#[asyncio::test(timeout = "20s")]
async fn a_job_that_blocks_is_left_to_itself_after_the_timeout_with_a_warning_that_names_it() {
    log::collect();
    let event_loop = get_running_loop().unwrap();
    let (gate, door) = gate();
    let task = create_task(to_thread(move || door.pass())).named("stuck");
    gate.reached().await;
    event_loop.shutdown_default_executor(Duration::from_millis(20)).await.unwrap();
    let warnings = log::collected(::log::Level::Warn).concat();
    assert!(
        warnings.contains("20ms") && warnings.contains("\"stuck\"") && warnings.contains("shutdown.rs"),
        "{warnings}"
    );
    // It was given up for good: the end of the test does not wait for it again.
    event_loop.shutdown_default_executor(None).await.unwrap();
    gate.open();
    task.await.unwrap();
}

#[test]
fn run_waits_for_a_job_that_nobody_awaits() {
    let finished = Counter::default();
    let count = finished.clone();
    let (gate, door) = gate();
    run(async move {
        let job = move || {
            door.pass();
            count.up();
        };
        drop(get_running_loop()?.run_in_executor(None, job)?);
        gate.reached().await;
        get_running_loop()?.call_soon(move || gate.open())?;
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(finished.get(), 1);
}

#[test]
fn run_waits_for_the_job_of_a_task_that_it_cancels() {
    let finished = Counter::default();
    let count = finished.clone();
    let (gate, door) = gate();
    run(async move {
        let job = move || {
            door.pass();
            count.up();
        };
        drop(create_task(to_thread(job)));
        gate.reached().await;
        // Opened by its drop, at the end of main.
        drop(gate);
    })
    .unwrap();
    assert_eq!(finished.get(), 1);
}

#[test]
fn a_clock_that_is_moved_does_not_cut_the_wait_short() {
    log::collect();
    let clock = VirtualClock::new();
    let event_loop = EventLoop::builder().clock(clock.clone()).build().unwrap();
    let waits = async move {
        let event_loop = get_running_loop().unwrap();
        let (gate, door) = gate();
        let job = create_task(to_thread(move || door.pass()));
        gate.reached().await;
        let closing = create_task(async move { event_loop.shutdown_default_executor(Duration::from_secs(300)).await });
        until_idle().await;
        clock.advance(HOUR);
        sleep(Duration::from_secs(1)).await;
        assert!(!closing.done());
        gate.open();
        closing.await.unwrap();
        job.await.unwrap();
    };
    event_loop.run_until_complete(waits).unwrap();
    event_loop.close().unwrap();
    assert!(log::collected(::log::Level::Warn).iter().all(|warning| warning.starts_with("ASY0021")));
}

#[test]
fn debug_mode_tells_of_a_default_executor_that_was_not_shut_down() {
    for (debug, shut, told) in [(true, false, 1), (true, true, 0), (false, false, 0)] {
        log::collect();
        let event_loop = EventLoop::builder().debug(debug).build().unwrap();
        event_loop.run_until_complete(to_thread(|| ())).unwrap();
        if shut {
            let ending = event_loop.clone();
            event_loop.run_until_complete(async move { ending.shutdown_default_executor(None).await }).unwrap();
        }
        event_loop.close().unwrap();
        let warnings = log::collected(::log::Level::Warn);
        let found = warnings.iter().filter(|text| text.starts_with("ASY0011: unclosed default executor")).count();
        // A busy machine may say that something was slow, too.
        assert_eq!(found, told, "debug {debug}, shut {shut}: {warnings:?}");
    }
}

#[test]
fn closing_a_loop_does_not_wait_and_what_was_submitted_is_finished() {
    let event_loop = EventLoop::new().unwrap();
    let (gate, door) = gate();
    let last = Counter::default();
    let pool = ThreadPoolExecutor::builder().max_workers(1).build().unwrap();
    event_loop.set_default_executor(pool.clone());
    let count = last.clone();
    drop(event_loop.run_in_executor(None, move || door.pass()).unwrap());
    drop(event_loop.run_in_executor(None, move || count.up()).unwrap());
    let began = Instant::now();
    event_loop.close().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    gate.open();
    pool.shutdown().unwrap();
    assert_eq!(last.get(), 1);
}

#[asyncio::test(timeout = "20s")]
async fn cancelling_the_shutdown_leaves_the_threads_to_themselves_in_each_of_three_moments() {
    for ticks in 0..3 {
        let (gate, door) = gate();
        let waited = std::thread::spawn(move || {
            run(async move {
                let event_loop = get_running_loop()?;
                let job = create_task(to_thread(move || door.pass()));
                gate.reached().await;
                let closing = event_loop.clone();
                let shutdown = create_task(async move { closing.shutdown_default_executor(None).await });
                for _ in 0..ticks {
                    sleep(Duration::ZERO).await;
                }
                if ticks == 2 {
                    // Its end and the cancel in one tick, or nearly so: the outcome is one of the two.
                    gate.open();
                    job.await?;
                    shutdown.cancel();
                    return Ok(shutdown.await.is_ok_and(|()| true) || event_loop.run_in_executor(None, || ()).is_err());
                }
                shutdown.cancel();
                let cancelled = shutdown.await.unwrap_err().is_cancelled();
                // Before its first poll it has not begun: jobs are still taken.
                let refuses = event_loop.run_in_executor(None, || ()).is_err();
                gate.open();
                job.await?;
                Ok::<_, Error>(cancelled && refuses == (ticks > 0))
            })
        });
        assert!(waited.join().unwrap().unwrap(), "after {ticks} ticks");
    }
}
