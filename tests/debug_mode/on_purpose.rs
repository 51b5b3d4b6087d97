//! Coroutines that never run because something refused them: no one has forgotten to await them.

use std::cell::Cell;

use asyncio::{Error, EventLoop, Result, Runner, TaskGroup};
use log::Level;

use crate::support::log::{collect, collected};
use crate::support::net::running;
use crate::support::tasks::{HOUR, tick};

#[asyncio::coroutine]
async fn work() -> Result<()> {
    asyncio::sleep(HOUR).await;
    Ok(())
}

/// Begins to look for warnings.
fn watch() {
    running().set_debug(true);
    collect();
}

fn assert_quiet() {
    let warnings = collected(Level::Warn);
    assert!(warnings.is_empty(), "{warnings:#?}");
}

#[asyncio::test(virtual_time)]
async fn losing_branches_that_never_began_are_no_forgotten_coroutines() {
    watch();
    let won = asyncio::select! {
        () = async {} => 1,
        done = work() => { drop(done); 2 },
    };
    assert_eq!(won, 1);
    assert_quiet();
}

#[asyncio::test(virtual_time)]
async fn a_task_that_is_cancelled_before_it_began_is_none() {
    watch();
    let task = asyncio::create_task(work());
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_quiet();
}

#[asyncio::test(virtual_time)]
async fn what_a_group_or_scope_refuses_is_none() {
    // CPython: test_taskgroups.TestTaskGroup.test_coro_closed_when_tg_closed
    watch();
    let group = TaskGroup::new().unwrap();
    group.wait().await.unwrap();
    assert!(group.create_task(work()).is_err());
    let kept = Cell::new(None);
    asyncio::scope(async |s| {
        kept.set(Some(s.clone()));
        let failed = s.spawn(async { Err::<(), _>(Error::value_error("the end")) });
        let _ = failed.await;
        drop(s.spawn(work()));
        Ok(())
    })
    .await
    .unwrap_err();
    tick().await;
    assert_quiet();
}

#[asyncio::test(virtual_time)]
async fn what_a_closed_loop_or_a_runner_refuses_is_none() {
    // CPython: test_runners.RunnerTests.test_run_in_running_loop, test_base_events.test_run_until_complete_closed
    watch();
    let closed = EventLoop::new().unwrap();
    closed.close().unwrap();
    assert!(closed.create_task(work()).is_err());
    assert!(Runner::new().run(work()).is_err());
    let used = asyncio::Timeout::new(HOUR);
    used.clone().run(async { Ok::<_, Error>(()) }).await.unwrap();
    assert!(used.run(work()).await.is_err());
    assert_quiet();
}

#[test]
fn what_a_closing_loop_destroys_is_reported_as_destroyed_and_not_as_forgotten() {
    let event_loop = EventLoop::builder().debug(true).build().unwrap();
    event_loop.set_exception_handler(|_, report| assert_eq!(report.get_code(), Some("ASY0006")));
    collect();
    drop(event_loop.create_task(work()).unwrap());
    event_loop.close().unwrap();
    assert_quiet();
}

#[test]
fn without_a_loop_an_error_is_enough() {
    assert!(asyncio::Task::builder().create_task(work()).is_err());
}
