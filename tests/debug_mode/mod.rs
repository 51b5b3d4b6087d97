//! Debug mode: <https://docs.python.org/3/library/asyncio-dev.html>

mod metrics;
mod on_purpose;
mod records;
#[cfg(feature = "tracing")]
mod spans;
mod unclosed;
mod where_it_went_on;

use std::process::Command;
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{Error, EventLoop};
use log::Level;

use crate::support::log::{collect, collected};
use crate::support::net::{Reports, running};
use crate::support::ticks::tick;

const EXPECTED: &str = "EXPECTED_DEBUG_MODE";

#[test]
fn what_was_asked_for_comes_before_the_environment() {
    // CPython: test_base_events.BaseEventLoopTests.test_set_debug
    for asked in [true, false] {
        let event_loop = EventLoop::builder().debug(asked).build().unwrap();
        assert_eq!(event_loop.get_debug(), asked);
        event_loop.set_debug(!asked);
        assert_eq!(event_loop.get_debug(), !asked);
        event_loop.close().unwrap();
    }
}

#[test]
fn the_environment_says_whether_a_new_loop_is_in_debug_mode() {
    // The child that the test below starts is told what to expect.
    let event_loop = EventLoop::new().unwrap();
    let expected = std::env::var(EXPECTED).map_or(event_loop.get_debug(), |expected| expected == "on");
    assert_eq!(event_loop.get_debug(), expected);
    event_loop.close().unwrap();
}

#[test]
fn asynciodebug_and_pythonasynciodebug_switch_it_on_unless_they_are_empty() {
    // CPython: test_base_events.BaseEventLoopTests.test_env_var_debug
    let cases = [
        (None, None, "off"),
        (Some(""), None, "off"),
        (Some("1"), None, "on"),
        (None, Some("1"), "on"),
        (Some(""), Some(""), "off"),
        (Some(""), Some("x"), "on"),
    ];
    for (ours, pythons, expected) in cases {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "debug_mode::the_environment_says_whether_a_new_loop_is_in_debug_mode"]);
        child.env(EXPECTED, expected);
        for (name, value) in [("ASYNCIODEBUG", ours), ("PYTHONASYNCIODEBUG", pythons)] {
            match value {
                Some(value) => child.env(name, value),
                None => child.env_remove(name),
            };
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{ours:?} {pythons:?}: {text}");
    }
}

#[test]
fn the_time_from_which_a_callback_is_slow_can_be_set() {
    let event_loop = EventLoop::new().unwrap();
    assert_eq!(event_loop.slow_callback_duration(), Duration::from_millis(100));
    event_loop.set_slow_callback_duration(Duration::from_secs(1));
    assert_eq!(event_loop.slow_callback_duration(), Duration::from_secs(1));
    event_loop.close().unwrap();
}

/// What is logged as a warning while callbacks take so many milliseconds of virtual time.
fn warnings(debug: bool, took: &[u64], schedule: impl Fn(&EventLoop, Box<dyn FnOnce()>)) -> Vec<String> {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::builder().clock(clock.clone()).debug(debug).build().unwrap();
    collect();
    for milliseconds in took {
        let (clock, milliseconds) = (clock.clone(), *milliseconds);
        schedule(&event_loop, Box::new(move || clock.advance(Duration::from_millis(milliseconds))));
    }
    tick(&event_loop);
    tick(&event_loop);
    let warnings = collected(Level::Warn);
    event_loop.close().unwrap();
    warnings
}

#[test]
fn a_slow_callback_is_logged_with_its_name_and_its_time() {
    // CPython: test_base_events.RunningLoopTests / BaseEventLoopTests.test_log_slow_callbacks (B 7)
    let line = line!() + 1;
    let schedule = |event_loop: &EventLoop, work| drop(event_loop.call_soon(work).unwrap());
    let warnings = warnings(true, &[99, 100, 1_250], schedule);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("ASY0002: Executing <Handle ") && warnings[0].ends_with("took 0.100 seconds"));
    assert!(warnings[1].contains(&format!("created at {}:{line}:", file!())), "{warnings:?}");
    assert!(warnings[1].ends_with("took 1.250 seconds"), "{warnings:?}");
}

#[test]
fn a_slow_step_is_logged_with_the_name_of_its_task() {
    // CPython: test_base_events.BaseEventLoopTests.test_log_slow_callbacks (B 7)
    let warnings = warnings(true, &[50, 200], |event_loop, work| {
        let task = event_loop.create_task(async move { work() }).unwrap();
        drop(task.named("the slow one"));
    });
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("ASY0002: Executing <Task ") && warnings[0].contains("the slow one"),
        "{warnings:?}"
    );
    assert!(warnings[0].ends_with("took 0.200 seconds"), "{warnings:?}");
}

#[test]
fn a_slow_timer_and_a_slow_reader_are_logged_too() {
    let timers = warnings(true, &[150], |event_loop, work| drop(event_loop.call_later(Duration::ZERO, work).unwrap()));
    assert_eq!(timers.len(), 1, "{timers:?}");
    let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    std::io::Write::write_all(&mut far, b"x").unwrap();
    let line = line!() + 4;
    let readers = warnings(true, &[150], |event_loop, work| {
        let (mut work, watched, inside) = (Some(work), near.try_clone().unwrap(), event_loop.clone());
        event_loop
            .add_reader(&near, move || {
                inside.remove_reader(&watched);
                if let Some(work) = work.take() {
                    work();
                }
            })
            .unwrap();
    });
    assert_eq!(readers.len(), 1, "{readers:?}");
    assert!(readers[0].contains("debug_mode::") && readers[0].contains(file!()), "{readers:?} at {line}");
}

#[test]
fn nothing_is_timed_outside_of_debug_mode() {
    let schedule = |event_loop: &EventLoop, work| drop(event_loop.call_soon(work).unwrap());
    assert!(warnings(false, &[5_000], schedule).is_empty());
}

#[test]
fn a_longer_limit_keeps_quiet() {
    let schedule = |event_loop: &EventLoop, work| {
        event_loop.set_slow_callback_duration(Duration::from_secs(1));
        drop(event_loop.call_soon(work).unwrap());
    };
    assert_eq!(warnings(true, &[999, 1_000], schedule).len(), 1);
}

#[asyncio::coroutine]
async fn forgotten() {
    unreachable!("it is never awaited");
}

#[asyncio::test]
async fn a_coroutine_that_was_never_awaited_is_reported_with_its_call_site() {
    // CPython: test_pep492.CoroutineTests.test_async_def_coroutines; the warning with its origin in debug mode
    running().set_debug(true);
    collect();
    let line = line!() + 1;
    drop(forgotten());
    let warnings = collected(Level::Warn);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("ASY0007: coroutine forgotten was never awaited"), "{warnings:?}");
    assert!(warnings[0].contains(&format!("{}:{line}:", file!())), "{warnings:?}");
    running().set_debug(false);
    drop(forgotten());
    assert_eq!(collected(Level::Warn).len(), 1, "in debug mode only");
}

#[asyncio::test]
async fn a_coroutine_that_was_awaited_or_became_a_task_is_not_reported() {
    #[asyncio::coroutine]
    async fn quick() {}
    #[asyncio::coroutine]
    async fn long() {
        asyncio::sleep(Duration::from_secs(3600)).await;
    }
    running().set_debug(true);
    collect();
    quick().await;
    asyncio::create_task(quick()).await.unwrap();
    let task = asyncio::create_task(long());
    asyncio::sleep(Duration::ZERO).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(collected(Level::Warn).is_empty());
}

#[test]
fn a_task_that_failed_and_was_awaited_by_nobody_is_reported_once() {
    // CPython: test_base_events.BaseEventLoopTests.test_default_exc_handler_coro
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    let task = event_loop.create_task(async { Err::<(), _>(Error::value_error("lost")) }).unwrap();
    tick(&event_loop);
    assert!(reports.all().is_empty(), "somebody may still look");
    drop(task);
    let all = reports.all();
    assert_eq!(
        all,
        [r#"Task exception was never retrieved: ValueError: lost ["exception", "source_traceback", "task"]"#]
    );
    event_loop.close().unwrap();
    assert_eq!(reports.all().len(), 1);
}

#[test]
fn a_failure_that_is_still_held_is_reported_when_the_loop_closes() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    let lost = event_loop.create_task(async { Err::<(), _>(Error::value_error("lost")) }).unwrap();
    let seen = event_loop.create_task(async { Err::<(), _>(Error::value_error("seen")) }).unwrap();
    tick(&event_loop);
    assert!(seen.exception().unwrap().is_some());
    event_loop.close().unwrap();
    let all = reports.all();
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].contains("ValueError: lost"), "{all:?}");
    drop((lost, seen));
    assert_eq!(reports.all().len(), 1);
}

#[test]
fn a_task_that_is_destroyed_pending_is_reported_once_in_the_order_of_creation() {
    // CPython: test_tasks.BaseTaskTests.test_log_destroyed_pending_task (B 18)
    let event_loop = EventLoop::new().unwrap();
    let trace = crate::support::ticks::Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, context| {
        let task = context.get::<asyncio::AnyTask>("task").unwrap();
        assert_eq!(context.get_code(), Some("ASY0006"));
        noted.push(format!("{} {} {:?}", context.message(), task.get_name(), context.keys()));
    });
    for name in ["started", "second"] {
        drop(event_loop.create_task(std::future::pending::<()>()).unwrap().named(name));
    }
    tick(&event_loop);
    drop(event_loop.create_task(async {}).unwrap().named("never started"));
    event_loop.close().unwrap();
    let text = r#"Task was destroyed but it is pending! NAME ["source_traceback", "task"]"#;
    let expected = ["started", "second", "never started"].map(|name| text.replace("NAME", name));
    assert_eq!(trace.all(), expected);
}

#[test]
fn closing_is_logged_in_debug_mode() {
    let event_loop = EventLoop::builder().debug(true).build().unwrap();
    collect();
    event_loop.close().unwrap();
    let records = collected(Level::Debug);
    assert_eq!(records.iter().filter(|record| record.contains("loop was closed")).count(), 1, "{records:?}");
    let quiet = EventLoop::builder().debug(false).build().unwrap();
    collect();
    quiet.close().unwrap();
    assert!(collected(Level::Debug).iter().all(|record| !record.contains("loop was closed")));
}
