//! Registered async clean-up: `add_async_cleanup` and `shutdown_asyncgens`.

use std::time::Duration;

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use asyncio::{AsyncCleanup, Error, EventLoop, Runner, create_task, get_running_loop, sleep};

/// Something whose end has to await.
struct Resource {
    cleanup: AsyncCleanup,
}

impl Resource {
    fn open(name: &'static str, journal: &Journal) -> Self {
        let journal = journal.clone();
        let closing = async move || {
            journal.note(format!("closing {name}"));
            sleep(Duration::from_secs(1)).await;
            journal.note(format!("closed {name}"));
        };
        Self { cleanup: get_running_loop().unwrap().add_async_cleanup(closing).unwrap() }
    }

    async fn aclose(self) {
        self.cleanup.aclose().await.unwrap();
    }
}

/// A runner on virtual time, and what is reported to its loop.
fn runner() -> (Runner, Reports) {
    let factory = || EventLoop::builder().clock(asyncio::testing::VirtualClock::new()).build();
    let mut runner = Runner::builder().loop_factory(factory).build();
    let reports = Reports::of(&runner.get_loop().unwrap());
    (runner, reports)
}

#[asyncio::test(virtual_time)]
async fn aclose_runs_it_once() {
    let journal = Journal::default();
    Resource::open("a", &journal).aclose().await;
    get_running_loop().unwrap().shutdown_asyncgens().await.unwrap();
    assert_eq!(journal.entries(), ["closing a", "closed a"]);
}

#[asyncio::test(virtual_time)]
async fn discard_gives_it_up() {
    let journal = Journal::default();
    Resource::open("a", &journal).cleanup.discard();
    get_running_loop().unwrap().shutdown_asyncgens().await.unwrap();
    assert!(journal.entries().is_empty());
}

// CPython: test_base_events.BaseEventLoopTests.test_asyncgen_finalization_by_gc
#[asyncio::test(virtual_time)]
async fn a_resource_that_is_dropped_is_cleaned_up_by_the_loop() {
    let journal = Journal::default();
    drop(Resource::open("a", &journal));
    assert!(journal.entries().is_empty(), "whoever drops it is not interrupted");
    journal.wait_for("closed a").await;
}

#[asyncio::test(virtual_time)]
async fn shutdown_closes_all_at_once_and_waits() {
    let journal = Journal::default();
    let kept = [Resource::open("a", &journal), Resource::open("b", &journal)];
    drop(Resource::open("c", &journal));
    let event_loop = get_running_loop().unwrap();
    let began = event_loop.time();
    event_loop.shutdown_asyncgens().await.unwrap();
    assert_eq!(event_loop.time() - began, Duration::from_secs(1));
    assert_eq!(journal.entries().iter().filter(|entry| entry.starts_with("closed")).count(), 3);
    for resource in kept {
        resource.aclose().await;
    }
    assert_eq!(journal.entries().len(), 6, "nothing is closed twice");
}

#[asyncio::test(virtual_time)]
async fn shutdown_waits_for_a_clean_up_that_runs_already() {
    let journal = Journal::default();
    drop(Resource::open("a", &journal));
    journal.wait_for("closing a").await;
    get_running_loop().unwrap().shutdown_asyncgens().await.unwrap();
    assert_eq!(journal.entries(), ["closing a", "closed a"]);
}

#[test]
fn a_failure_is_reported_and_the_others_run() {
    let (mut runner, reports) = runner();
    let journal = Journal::default();
    let noted = journal.clone();
    let main = async move {
        let event_loop = get_running_loop()?;
        let failing = event_loop.add_async_cleanup(async || Err::<(), _>(Error::value_error("disk full")))?;
        let panicking = event_loop.add_async_cleanup(|| -> std::future::Ready<()> { panic!("no disk") })?;
        let good = Resource::open("a", &noted);
        event_loop.shutdown_asyncgens().await?;
        drop((failing, panicking, good));
        Ok::<_, Error>(())
    };
    runner.run(main).unwrap();
    assert_eq!(journal.entries(), ["closing a", "closed a"]);
    let reports = reports.all();
    let failures: Vec<_> = reports.iter().map(|report| report.exception.clone().unwrap().to_string()).collect();
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(failures[0].contains("disk full") && failures[1].contains("no disk"), "{failures:?}");
    assert!(reports.iter().all(|report| report.code == Some("ASY0016")), "{reports:?}");
    assert!(reports.iter().all(|report| report.keys == ["asyncgen", "exception", "source_traceback"]), "{reports:?}");
}

// CPython: test_runners.BaseTest.tearDown, which asks this of each run
#[test]
fn a_runner_cleans_up_what_main_and_cancelled_tasks_left() {
    let (mut runner, reports) = runner();
    let journal = Journal::default();
    let noted = journal.clone();
    let main = async move {
        let held = noted.clone();
        let task = create_task(async move {
            let _resource = Resource::open("task", &held);
            sleep(Duration::from_secs(3600)).await;
        });
        drop(task);
        sleep(Duration::ZERO).await;
        let _resource = Resource::open("main", &noted);
        Err::<(), _>(Error::value_error("main failed"))
    };
    assert!(runner.run(main).is_err());
    runner.close().unwrap();
    let mut entries = journal.entries();
    entries.sort_unstable();
    assert_eq!(entries, ["closed main", "closed task", "closing main", "closing task"]);
    assert!(reports.all().is_empty(), "{reports:?}");
}

#[asyncio::test(virtual_time)]
async fn nothing_can_be_registered_after_the_shutdown() {
    let event_loop = get_running_loop().unwrap();
    event_loop.shutdown_asyncgens().await.unwrap();
    let refused = event_loop.add_async_cleanup(async || ()).unwrap_err();
    assert!(refused.to_string().contains("after shutdown_asyncgens()"), "{refused}");
}

#[test]
fn on_another_loop_the_shutdown_is_refused_and_changes_nothing() {
    let other = EventLoop::new().unwrap();
    let cleanup = other.add_async_cleanup(async || ()).unwrap();
    let there = other.clone();
    let refused = asyncio::run(async move { there.shutdown_asyncgens().await }).unwrap_err();
    assert!(refused.to_string().contains("await it there"), "{refused}");
    let here = other.clone();
    other.run_until_complete(async move { here.shutdown_asyncgens().await }).unwrap();
    drop(cleanup);
    other.close().unwrap();
}

#[test]
fn a_loop_that_is_closed_without_it_says_what_did_not_run() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    let cleanup = event_loop.add_async_cleanup(async || ()).unwrap();
    event_loop.close().unwrap();
    drop(cleanup);
    assert!(reports.one().message.contains("before an async clean-up ran"), "{reports:?}");
    assert!(reports.one().source.unwrap().file().ends_with("asyncgens.rs"), "{reports:?}");
    assert!(event_loop.add_async_cleanup(async || ()).is_err());
}

#[asyncio::test(virtual_time)]
async fn a_cancel_of_aclose_interrupts_it_and_before_its_first_poll_the_loop_takes_over() {
    for (ticks, closed) in [(0, 1), (1, 0)] {
        let journal = Journal::default();
        let closing = create_task(Resource::open("a", &journal).aclose());
        for _ in 0..ticks {
            sleep(Duration::ZERO).await;
        }
        closing.cancel();
        assert!(closing.await.unwrap_err().is_cancelled());
        sleep(Duration::from_secs(2)).await;
        assert_eq!(journal.count("closed a"), closed, "after {ticks} ticks");
    }
}

#[test]
fn a_cancel_of_the_shutdown_cancels_the_clean_ups_unless_it_comes_before_the_first_poll_or_after_the_end() {
    // Seconds and ticks until the cancel, and how often the clean-up was finished, whoever called for it. After one
    // second and no tick it comes in the tick in which the clean-up would have ended.
    for (seconds, ticks, closed) in [(0, 0, 1), (0, 1, 0), (0, 2, 0), (1, 0, 0), (1, 1, 1)] {
        let (mut runner, reports) = runner();
        let journal = Journal::default();
        let noted = journal.clone();
        let main = async move {
            let resource = Resource::open("a", &noted);
            let event_loop = get_running_loop()?;
            let shutdown = create_task(async move { event_loop.shutdown_asyncgens().await });
            if seconds > 0 {
                sleep(Duration::from_secs(seconds)).await;
            }
            for _ in 0..ticks {
                sleep(Duration::ZERO).await;
            }
            shutdown.cancel();
            drop(shutdown.await);
            sleep(Duration::from_secs(2)).await;
            drop(resource);
            Ok::<_, Error>(())
        };
        runner.run(main).unwrap();
        runner.close().unwrap();
        assert_eq!(journal.count("closed a"), closed, "after {seconds} s and {ticks} ticks");
        assert!(reports.all().is_empty(), "{reports:?}");
    }
}
