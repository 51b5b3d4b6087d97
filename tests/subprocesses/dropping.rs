//! Children that nobody holds any more, and children of loops that are closed.

use std::time::Duration;

use asyncio::subprocess::PIPE;
use asyncio::{Error, EventLoop, create_subprocess_exec, create_subprocess_shell};

use super::{gone, status};
use crate::support::log;

#[asyncio::test(timeout = "10s")]
async fn a_child_that_nobody_holds_goes_on_and_is_reaped() {
    let pid = create_subprocess_exec("sleep").arg("0.1").await.unwrap().pid();
    assert!(status(pid).is_some());
    gone(pid).await;
}

#[asyncio::test(timeout = "10s")]
async fn kill_on_drop_kills_and_reaps() {
    let process = create_subprocess_exec("sleep").arg("10").kill_on_drop(true).await.unwrap();
    let pid = process.pid();
    drop(process);
    gone(pid).await;
}

#[asyncio::test(timeout = "10s")]
async fn a_timeout_that_drops_a_process_kills_it() {
    let (told, pid) = (std::rc::Rc::new(std::cell::Cell::new(0)), std::rc::Rc::new(std::cell::Cell::new(0)));
    let (seen, number) = (told.clone(), pid.clone());
    let slow = asyncio::timeout(Duration::from_millis(50), async move {
        let process = create_subprocess_exec("sleep").arg("10").kill_on_drop(true).await?;
        number.set(process.pid());
        seen.set(process.wait().await?);
        Ok::<_, Error>(())
    });
    assert!(matches!(slow.await, Err(Error::TimeoutError(_))));
    gone(pid.get()).await;
    assert_eq!(told.get(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn cancelling_the_creation_kills_and_reaps() {
    // CPython: test_subprocess.SubprocessMixin.{test_cancel_make_subprocess_transport_exec,test_cancel_post_init}
    let before = children();
    let task = asyncio::create_task(async { create_subprocess_exec("sleep").arg("10").stdin(PIPE).await.map(drop) });
    asyncio::sleep(Duration::ZERO).await;
    let started: Vec<u32> = children().into_iter().filter(|pid| !before.contains(pid)).collect();
    task.cancel();
    assert!(matches!(task.await, Err(Error::CancelledError(_))));
    for pid in started {
        gone(pid).await;
    }
}

/// The sleeping children of this thread's tests: other threads have children of their own.
fn children() -> Vec<u32> {
    let tasks = std::fs::read_dir("/proc/thread-self").map(|_| "/proc/thread-self/children").unwrap();
    let text = std::fs::read_to_string(tasks).unwrap_or_default();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn a_child_that_runs_when_the_loop_is_closed_is_killed_and_reaped() {
    log::collect();
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_debug(true);
    let process =
        event_loop.run_until_complete(async { create_subprocess_exec("sleep").arg("10").stdin(PIPE).await }).unwrap();
    let pid = process.pid();
    event_loop.close().unwrap();
    assert_eq!(status(pid), None);
    assert_eq!(process.returncode(), Some(-9));
    let warnings = log::collected(::log::Level::Warn);
    assert!(
        warnings.iter().any(|text| text.contains("unclosed process") && text.contains("dropping.rs")),
        "{warnings:?}"
    );
}

#[test]
fn a_child_that_has_ended_unnoticed_when_the_loop_is_closed_is_reaped() {
    let event_loop = EventLoop::new().unwrap();
    let process = event_loop.run_until_complete(async { create_subprocess_shell("exit 6").await }).unwrap();
    while status(process.pid()) != Some('Z') {
        std::thread::sleep(Duration::from_millis(1));
    }
    event_loop.close().unwrap();
    assert_eq!((status(process.pid()), process.returncode()), (None, Some(6)));
}

#[test]
fn a_wait_on_another_loop_after_the_first_was_closed_ends() {
    let event_loop = EventLoop::new().unwrap();
    let process = event_loop.run_until_complete(async { create_subprocess_exec("sleep").arg("10").await }).unwrap();
    event_loop.close().unwrap();
    assert_eq!(asyncio::run(async move { process.wait().await }).unwrap(), -9);
}
