//! A failure is never lost: who did not look hears of it from the exception handler, once.

use std::process::Command;

use ::log::Level;
use asyncio::{Error, Future, Result};

use crate::support::log;
use crate::support::reports::Reports;
use crate::support::tasks::{panics, tick, ticks};

const LOST: &str = "Task exception was never retrieved";

async fn fails() -> Result<()> {
    tick().await;
    Err(Error::value_error("nobody looked"))
}

#[asyncio::test]
async fn a_failed_task_without_a_handle_is_reported_once_with_its_name_and_place() {
    let reports = Reports::here();
    let line = line!() + 1;
    drop(asyncio::create_task(fails()).named("loser"));
    ticks(5).await;
    let report = reports.one();
    assert_eq!(report.message, LOST);
    assert_eq!(report.exception.as_ref().unwrap().to_string(), "ValueError: nobody looked");
    assert_eq!(report.task.as_deref(), Some("loser"));
    let source = report.source.unwrap();
    assert_eq!((source.line(), source.file().ends_with("lost_failures.rs")), (line, true));
    assert_eq!(report.keys, ["exception", "source_traceback", "task"]);
}

#[asyncio::test]
async fn a_failed_task_is_reported_when_its_last_handle_goes() {
    let reports = Reports::here();
    let task = asyncio::create_task(fails());
    let (first, second) = (task.as_any(), task.as_any());
    ticks(3).await;
    drop(task);
    drop(first);
    assert!(reports.all().is_empty(), "somebody may yet look");
    drop(second);
    assert_eq!(reports.one().message, LOST);
}

#[asyncio::test]
async fn whoever_looks_keeps_it_from_being_reported() {
    let reports = Reports::here();
    let looks: [fn(asyncio::Task<()>); 4] = [
        |task| assert!(task.exception().unwrap().is_some()),
        |task| assert!(task.result().is_err()),
        |task| assert!(task.into_result().is_err()),
        |task| assert!(task.as_any().exception().is_ok()),
    ];
    for look in looks {
        let task = asyncio::create_task(fails());
        ticks(3).await;
        look(task);
    }
    assert!(asyncio::create_task(fails()).await.is_err());
    assert!((&asyncio::create_task(fails())).await.is_err());
    tick().await;
    assert!(reports.all().is_empty(), "{reports:?}");
}

#[asyncio::test]
async fn a_cancel_is_no_failure() {
    let reports = Reports::here();
    let task = asyncio::create_task(std::future::pending::<()>());
    tick().await;
    task.cancel();
    ticks(2).await;
    drop(task);
    drop(asyncio::create_task(async { Err::<(), _>(Error::CancelledError(asyncio::CancelledError::default())) }));
    ticks(2).await;
    assert!(reports.all().is_empty());
}

#[asyncio::test]
async fn whoever_cancels_a_failed_task_does_not_miss_its_failure() {
    // CPython: test_tasks.BaseTaskTests.test_tb_logger_not_called_after_cancel
    let reports = Reports::here();
    let task = asyncio::create_task(fails());
    ticks(3).await;
    assert!(!task.cancel());
    drop(task);
    assert!(reports.all().is_empty());
}

#[asyncio::test]
async fn a_panic_that_nobody_awaits_is_reported_as_well() {
    let reports = Reports::here();
    drop(asyncio::create_task(async { panics("unseen") }));
    tick().await;
    assert!(matches!(&reports.one().exception, Some(Error::Panic(panic)) if panic.message() == "unseen"));
}

#[asyncio::test]
async fn a_waiter_that_is_cancelled_before_it_looked_has_not_looked() {
    let reports = Reports::here();
    let failing = asyncio::create_task(fails());
    let waiter = asyncio::create_task(async move { asyncio::shield(failing).await });
    tick().await;
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    ticks(3).await;
    assert_eq!(reports.messages(), [LOST]);
}

#[test]
fn a_handle_that_outlives_the_loop_is_reported_at_its_close() {
    let event_loop = asyncio::new_event_loop().unwrap();
    let reports = Reports::of(&event_loop);
    let tasks: Vec<_> =
        ["first", "second"].map(|name| event_loop.create_task(fails()).unwrap().named(name)).into_iter().collect();
    event_loop.run_until_complete(ticks(5)).unwrap();
    assert!(reports.all().is_empty());
    event_loop.close().unwrap();
    let names: Vec<_> = reports.all().iter().map(|report| report.task.clone().unwrap()).collect();
    assert_eq!((reports.messages(), names), (vec![LOST.to_owned(); 2], vec!["first".to_owned(), "second".to_owned()]));
    drop(tasks);
    assert_eq!(reports.all().len(), 2, "once each");
}

#[test]
fn run_reports_what_is_left_when_it_ends() {
    log::collect();
    asyncio::run(async {
        drop(asyncio::create_task(fails()).named("left"));
        Ok::<_, Error>(())
    })
    .unwrap();
    // It is cancelled before it fails.
    assert!(log::collected(Level::Error).is_empty());
    asyncio::run(async {
        let task = asyncio::create_task(fails()).named("left");
        ticks(5).await;
        std::mem::forget(task);
        Ok::<_, Error>(())
    })
    .unwrap();
    let records = log::collected(Level::Error);
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(records[0].contains(LOST) && records[0].contains("nobody looked") && records[0].contains("left"));
}

#[asyncio::test]
#[should_panic(expected = "failures that a_test_fails_on_a_failure_that_it_did_not_look_at did not look at:\n\
                           ASY0004: Task exception was never retrieved\nexception: ValueError: nobody looked\n")]
async fn a_test_fails_on_a_failure_that_it_did_not_look_at() {
    drop(asyncio::create_task(fails()));
    ticks(5).await;
}

#[asyncio::test]
#[should_panic(expected = "my own panic")]
async fn a_test_s_own_panic_goes_on_as_it_is() {
    drop(asyncio::create_task(fails()));
    ticks(5).await;
    panics("my own panic");
}

#[asyncio::test]
async fn a_test_s_own_error_is_shown_beside_the_failures_that_it_did_not_look_at() -> Result<()> {
    const NAME: &str =
        "coroutines_and_tasks::lost_failures::a_test_s_own_error_is_shown_beside_the_failures_that_it_did_not_look_at";
    const CARELESS: &str = "ASYNCIO_TEST_CARELESS";
    if std::env::var_os(CARELESS).is_some() {
        drop(asyncio::create_task(fails()));
        ticks(5).await;
        return Err(Error::value_error("my own error"));
    }
    // What a test prints, and how it ends, only another process can see.
    let test =
        Command::new(std::env::current_exe()?).args(["--exact", NAME, "--nocapture"]).env(CARELESS, "1").output()?;
    let printed = String::from_utf8_lossy(&test.stderr);
    assert!(
        !test.status.success() && printed.contains("nobody looked") && printed.contains("my own error"),
        "{printed}"
    );
    Ok(())
}

#[asyncio::test]
async fn a_future_s_failure_that_nobody_retrieved_is_reported_too() {
    let reports = Reports::here();
    let future = Future::<()>::new().unwrap();
    future.set_exception(Error::value_error("in a future")).unwrap();
    drop(future);
    let report = reports.one();
    assert_eq!((&*report.message, report.code), ("Future exception was never retrieved", Some("ASY0005")));
}

#[asyncio::coroutine]
async fn forgettable() {}

#[asyncio::test(debug)]
async fn a_coroutine_that_was_never_awaited_is_named_with_its_call_in_debug_mode() {
    // CPython: test_pep492.CoroutineTests.test_debug_mode_manages_coroutine_origin_tracking
    log::collect();
    let line = line!() + 1;
    drop(forgettable());
    forgettable().await;
    asyncio::create_task(forgettable()).await.unwrap();
    let warnings = log::collected(Level::Warn);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("ASY0007: coroutine forgettable was never awaited (called at "), "{warnings:?}");
    assert!(warnings[0].contains(&format!("lost_failures.rs:{line}:")), "{warnings:?}");
}

#[asyncio::test]
async fn outside_of_debug_mode_a_coroutine_may_be_dropped() {
    log::collect();
    asyncio::get_running_loop().unwrap().set_debug(false);
    drop(forgettable());
    assert!(log::collected(Level::Warn).is_empty());
}

#[asyncio::test(debug)]
async fn a_coroutine_whose_task_was_cancelled_before_it_began_was_not_forgotten() {
    // CPython: closing a task's coroutine that never ran warns there too; here the cancel was somebody's intention.
    log::collect();
    let task = asyncio::create_task(forgettable());
    task.cancel();
    tick().await;
    assert!(task.cancelled());
    let warnings = log::collected(Level::Warn);
    assert!(warnings.is_empty(), "{warnings:?}");
}
