//! Tasks that are left when their loop is closed without a runner.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{Error, EventLoop, Future, Task};

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use crate::support::tasks::{Dropped, HOUR, tick, ticks};

const PENDING: &str = "Task was destroyed but it is pending!";

fn new_loop() -> (EventLoop, Reports) {
    let event_loop = asyncio::new_event_loop().unwrap();
    let reports = Reports::of(&event_loop);
    (event_loop, reports)
}

#[test]
fn pending_tasks_are_reported_and_dropped_oldest_first() {
    // CPython: test_tasks.BaseTaskTests.test_log_destroyed_pending_task
    let (event_loop, reports) = new_loop();
    let journal = Journal::default();
    let tasks: Vec<Task<()>> = ["first", "second", "third"]
        .into_iter()
        .map(|name| {
            let guard = Dropped::noted(&journal, name);
            let sleeps = async move {
                let _guard = guard;
                asyncio::sleep(HOUR).await;
            };
            event_loop.create_task(sleeps).unwrap().named(name)
        })
        .collect();
    event_loop.run_until_complete(tick()).unwrap();
    event_loop.close().unwrap();
    assert_eq!(reports.messages(), [PENDING; 3]);
    let names: Vec<_> = reports.all().iter().map(|report| report.task.clone().unwrap()).collect();
    assert_eq!(names, ["first", "second", "third"]);
    assert!(reports.all().iter().all(|report| report.source.unwrap().file().ends_with("closing.rs")));
    assert_eq!(journal.entries(), ["first", "second", "third"]);
    for task in tasks {
        assert!(task.done() && task.cancelled());
        assert!(task.into_result().unwrap_err().to_string().contains("closed"));
    }
}

#[test]
fn a_task_that_never_began_is_reported_and_dropped_as_well() {
    let (event_loop, reports) = new_loop();
    let journal = Journal::default();
    let guard = Dropped::noted(&journal, "dropped");
    drop(event_loop.create_task(async move { drop(guard) }).unwrap());
    event_loop.close().unwrap();
    assert_eq!((reports.messages(), journal.entries()), (vec![PENDING.to_owned()], vec!["dropped".to_owned()]));
}

#[test]
fn a_panic_in_a_destructor_keeps_nothing_else_from_being_dropped() {
    struct Bomb(&'static str);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("{}", self.0);
        }
    }
    let (event_loop, reports) = new_loop();
    let journal = Journal::default();
    for number in 0..3 {
        let guard = Dropped::noted(&journal, "dropped");
        let sleeps = async move {
            let _guard = guard;
            let _bomb = (number == 1).then(|| Bomb("boom"));
            asyncio::sleep(HOUR).await;
        };
        drop(event_loop.create_task(sleeps).unwrap());
    }
    event_loop.run_until_complete(tick()).unwrap();
    event_loop.close().unwrap();
    assert_eq!(journal.entries(), ["dropped"; 3]);
    let panics: Vec<_> = reports.all().iter().filter_map(|report| report.exception.clone()).collect();
    assert!(matches!(&panics[..], [Error::Panic(panic)] if panic.message() == "boom"), "{panics:?}");
    assert!(event_loop.is_closed());
}

#[asyncio::coroutine]
async fn cleans_up() {
    asyncio::finally! {
        tick().await;
    }
    asyncio::sleep(HOUR).await;
}

#[test]
fn a_clean_up_that_could_not_run_is_reported_with_its_line() {
    let (event_loop, reports) = new_loop();
    let task = event_loop.create_task(cleans_up()).unwrap();
    event_loop.run_until_complete(tick()).unwrap();
    event_loop.close().unwrap();
    let all = reports.all();
    assert_eq!(all.len(), 2, "{all:#?}");
    assert_eq!(all[0].message, PENDING);
    assert_eq!(all[1].message, "a clean-up could not run: its future was dropped instead of cancelled");
    let line = include_str!("closing.rs").lines().position(|line| line.contains("finally!")).unwrap() + 1;
    assert_eq!(all[1].source.unwrap().line() as usize, line);
    assert!(task.cancelled());
}

#[test]
fn a_task_that_is_dropped_at_the_close_may_touch_the_others_and_the_loop() {
    struct Meddler(Rc<RefCell<Vec<Task<()>>>>, EventLoop);
    impl Drop for Meddler {
        fn drop(&mut self) {
            for task in self.0.borrow().iter() {
                task.cancel();
            }
            assert!(self.1.call_soon(|| ()).is_err(), "it is closed");
            assert!(self.1.create_task(async {}).is_err());
        }
    }
    let (event_loop, reports) = new_loop();
    let tasks = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..3 {
        let meddler = Meddler(tasks.clone(), event_loop.clone());
        let sleeps = async move {
            let _meddler = meddler;
            asyncio::sleep(HOUR).await;
        };
        let task = event_loop.create_task(sleeps).unwrap();
        tasks.borrow_mut().push(task);
    }
    event_loop.run_until_complete(tick()).unwrap();
    event_loop.close().unwrap();
    assert!(tasks.borrow().iter().all(|task| task.cancelled()));
    assert_eq!(reports.messages(), [PENDING; 3]);
}

#[test]
fn a_task_that_waits_for_another_one_goes_with_it() {
    let (event_loop, reports) = new_loop();
    let journal = Journal::default();
    let inner = event_loop.create_task(asyncio::sleep(HOUR)).unwrap();
    let guard = Dropped::noted(&journal, "the waiter is dropped, not woken");
    let waits = async move {
        let _guard = guard;
        inner.await
    };
    let outer = event_loop.create_task(waits).unwrap();
    event_loop.run_until_complete(ticks(2)).unwrap();
    event_loop.close().unwrap();
    assert!(outer.cancelled());
    assert_eq!(journal.entries().len(), 1);
    assert_eq!(reports.messages(), [PENDING; 2]);
}

#[test]
fn what_run_until_complete_started_is_not_reported() {
    let (event_loop, reports) = new_loop();
    let stopper = event_loop.clone();
    let stops = async move {
        stopper.stop();
        asyncio::sleep(HOUR).await;
    };
    assert!(event_loop.run_until_complete(stops).is_err());
    event_loop.close().unwrap();
    assert!(reports.all().is_empty(), "{reports:?}");
}

#[test]
fn a_loop_that_is_dropped_is_closed_with_its_tasks() {
    let (event_loop, _reports) = new_loop();
    let journal = Journal::default();
    let guard = Dropped::noted(&journal, "dropped");
    let waits = async move {
        let _guard = guard;
        Future::<()>::new()?.await
    };
    let task = event_loop.create_task(waits).unwrap();
    event_loop.run_until_complete(tick()).unwrap();
    drop(event_loop);
    assert_eq!(journal.entries(), ["dropped"]);
    assert!(task.cancelled());
}
