//! Clean-up that may await: `finally!` and `with_cleanup`, however the body ends.
//!
//! The limits are virtual: a clean-up that gets lost leaves a loop with nothing to do, which jumps to them.

use std::future::pending;

use asyncio::{Error, Result};

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use crate::support::tasks::{Dropped, HOUR, me, millis, tick, ticks};

/// How a guarded body may end.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Value,
    QuestionMark,
    Return,
    Panic,
    Sleep,
}

#[asyncio::coroutine]
async fn guarded(journal: Journal, end: End) -> Result<&'static str> {
    let declared_before = String::from("clean-up");
    asyncio::finally! {
        asyncio::sleep(millis(5)).await;
        journal.note(declared_before);
    }
    let _local = Dropped::noted(&journal, "local dropped");
    tick().await;
    match end {
        End::Value => {}
        End::QuestionMark => Err(Error::value_error("by a question mark"))?,
        End::Return => return Ok("returned"),
        End::Panic => panic!("by a panic"),
        End::Sleep => asyncio::sleep(HOUR).await,
    }
    Ok("value")
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn clean_up_runs_however_the_body_ends() {
    for end in [End::Value, End::QuestionMark, End::Return, End::Panic, End::Sleep] {
        let journal = Journal::default();
        let task = asyncio::create_task(guarded(journal.clone(), end));
        ticks(3).await;
        if end == End::Sleep {
            task.cancel_with("by a cancel");
            tick().await;
        }
        assert_eq!(journal.entries(), ["local dropped"], "the body is gone before the clean-up");
        assert!(!task.done());
        let outcome = task.await;
        assert_eq!(journal.entries(), ["local dropped", "clean-up"]);
        match (end, outcome) {
            (End::Value, Ok("value")) | (End::Return, Ok("returned")) => {}
            (End::QuestionMark, Err(Error::ValueError(text))) => assert_eq!(text.as_str(), "by a question mark"),
            (End::Panic, Err(Error::Panic(panic))) => assert_eq!(panic.message(), "by a panic"),
            (End::Sleep, Err(Error::CancelledError(error))) => assert_eq!(error.message(), Some("by a cancel")),
            (_, other) => panic!("{other:?}"),
        }
    }
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn nested_clean_ups_run_from_the_inside_out() {
    #[asyncio::coroutine]
    async fn level(journal: Journal, depth: u8) {
        asyncio::finally! {
            asyncio::sleep(millis(1)).await;
            journal.note(format!("level {depth} in {}", me().get_name()));
        }
        if depth > 0 {
            Box::pin(level(journal.clone(), depth - 1)).await;
        }
        asyncio::sleep(HOUR).await;
    }
    let journal = Journal::default();
    let task = asyncio::create_task(level(journal.clone(), 2)).named("it");
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["level 0 in it", "level 1 in it", "level 2 in it"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_second_cancel_interrupts_the_clean_up() {
    let journal = Journal::default();
    let task = asyncio::create_task(guarded(journal.clone(), End::Sleep));
    ticks(2).await;
    task.cancel_with("first");
    ticks(2).await;
    assert!(!task.done(), "its clean-up sleeps");
    task.cancel_with("second");
    match (&task).await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("second")),
        other => panic!("{other:?}"),
    }
    assert_eq!(task.cancelling(), 2);
    assert_eq!(journal.entries(), ["local dropped"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_cancel_during_the_clean_up_of_a_body_that_succeeded_ends_the_task_as_cancelled() {
    let journal = Journal::default();
    let task = asyncio::create_task(guarded(journal.clone(), End::Value));
    ticks(3).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["local dropped"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn the_outer_clean_up_runs_though_the_inner_one_was_interrupted() {
    let journal = Journal::default();
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        let mut notes = notes;
        asyncio::with_cleanup(
            &mut notes,
            async |notes| drop(guarded(notes.clone(), End::Sleep).await),
            async |notes| notes.note("outer clean-up"),
        )
        .await;
    });
    ticks(2).await;
    task.cancel();
    ticks(2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["local dropped", "outer clean-up"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn what_is_shielded_in_a_clean_up_is_not_interrupted() {
    let journal = Journal::default();
    let mut notes = journal.clone();
    let task = asyncio::create_task(async move {
        asyncio::with_cleanup(
            &mut notes,
            async |_| asyncio::sleep(HOUR).await,
            async |notes| {
                let notes = notes.clone();
                let save = asyncio::shield(async move {
                    asyncio::sleep(millis(5)).await;
                    notes.note("saved");
                });
                save.await.unwrap();
            },
        )
        .await;
    });
    tick().await;
    task.cancel();
    ticks(2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(journal.entries().is_empty());
    journal.wait_for("saved").await;
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn with_cleanup_lends_the_state_to_both_and_returns_the_value() {
    let mut log = vec!["before"];
    let value = asyncio::with_cleanup(
        &mut log,
        async |log| {
            tick().await;
            log.push("body");
            7
        },
        async |log| {
            asyncio::sleep(millis(1)).await;
            log.push("clean-up");
        },
    )
    .await;
    assert_eq!((value, log), (7, vec!["before", "body", "clean-up"]));
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn an_error_in_the_clean_up_of_a_failed_body_is_the_clean_up_s_to_handle() {
    // `finally!` gives no value, so the body's outcome is what goes on.
    #[asyncio::coroutine]
    async fn fails_twice(journal: Journal) -> Result<()> {
        asyncio::finally! {
            let failed = async { Err::<(), _>(Error::value_error("in the clean-up")) };
            journal.note(failed.await.unwrap_err().to_string());
        }
        Err(Error::value_error("in the body"))
    }
    let journal = Journal::default();
    let error = fails_twice(journal.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "ValueError: in the body");
    assert_eq!(journal.entries(), ["ValueError: in the clean-up"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_panic_in_the_clean_up_takes_the_place_of_a_cancel() {
    // CPython: test_tasks.BaseTaskTests.test_baseexception_during_cancel
    let task = asyncio::create_task(async {
        asyncio::with_cleanup(&mut (), async |()| asyncio::sleep(HOUR).await, async |()| panic!("in the clean-up"))
            .await;
    });
    tick().await;
    task.cancel();
    tick().await;
    assert!(task.done() && !task.cancelled());
    match task.await {
        Err(Error::Panic(panic)) => assert_eq!(panic.message(), "in the clean-up"),
        other => panic!("{other:?}"),
    }
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_destructor_that_panics_while_the_body_leaves_does_not_keep_the_clean_up_from_running() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let journal = Journal::default();
    let mut notes = journal.clone();
    let task = asyncio::create_task(async move {
        asyncio::with_cleanup(
            &mut notes,
            async |_| {
                let _bomb = Bomb;
                asyncio::sleep(HOUR).await;
            },
            async |notes| {
                tick().await;
                notes.note("clean-up");
            },
        )
        .await;
    });
    tick().await;
    task.cancel();
    match task.await {
        Err(Error::Panic(panic)) => assert_eq!(panic.message(), "in a destructor"),
        other => panic!("{other:?}"),
    }
    assert_eq!(journal.entries(), ["clean-up"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_timeout_in_a_clean_up_counts_apart_from_the_cancel_that_led_there() {
    let journal = Journal::default();
    let mut notes = journal.clone();
    let task = asyncio::create_task(async move {
        asyncio::with_cleanup(
            &mut notes,
            async |_| asyncio::sleep(HOUR).await,
            async |notes| {
                let late = asyncio::timeout(millis(3), asyncio::sleep(HOUR)).await;
                notes.note(format!("{} {}", late.unwrap_err().is_timeout(), me().cancelling()));
            },
        )
        .await;
    });
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["true 1"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_clean_up_may_catch_the_cancel_that_interrupts_it() {
    let journal = Journal::default();
    let mut notes = journal.clone();
    let task = asyncio::create_task(async move {
        asyncio::with_cleanup(
            &mut notes,
            async |_| asyncio::sleep(HOUR).await,
            async |notes| {
                let caught = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
                notes.note(caught.unwrap_err().message().unwrap_or_default());
            },
        )
        .await;
    });
    tick().await;
    task.cancel_with("first");
    tick().await;
    task.cancel_with("second");
    match task.await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("first"), "it goes on leaving"),
        other => panic!("{other:?}"),
    }
    assert_eq!(journal.entries(), ["second"]);
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_body_that_never_began_needs_no_clean_up() {
    let reports = Reports::here();
    let journal = Journal::default();
    let task = asyncio::create_task(guarded(journal.clone(), End::Sleep));
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    drop(guarded(journal.clone(), End::Sleep));
    assert!(journal.entries().is_empty() && reports.all().is_empty());
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_clean_up_that_could_not_run_is_reported_with_its_place() {
    let reports = Reports::here();
    let journal = Journal::default();
    let mut kept = Box::pin(guarded(journal.clone(), End::Sleep));
    assert!(futures_lite::future::poll_once(kept.as_mut()).await.is_none());
    drop(kept);
    assert_eq!(journal.entries(), ["local dropped"]);
    let report = reports.one();
    assert_eq!(report.message, "a clean-up could not run: its future was dropped instead of cancelled");
    assert_eq!(report.code, Some("ASY0016"));
    let source = report.source.expect("it says where");
    assert!(source.file().ends_with("cleanup.rs") && source.line() < 50, "the line of `finally!`: {source}");
}

#[asyncio::test(virtual_time, timeout = "6000m")]
async fn a_clean_up_in_a_method_uses_self() {
    struct Connection(Journal);
    impl Connection {
        #[asyncio::coroutine]
        async fn serve(&mut self) -> Result<()> {
            asyncio::finally! {
                tick().await;
                self.0.note("closed");
            }
            self.0.note("serves");
            pending().await
        }
    }
    let journal = Journal::default();
    let mut connection = Connection(journal.clone());
    let task = asyncio::create_task(async move { connection.serve().await });
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["serves", "closed"]);
}
