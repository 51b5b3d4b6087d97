//! `run_until_complete`.

use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{Error, EventLoop, Future};

use crate::support::net::Reports;
use crate::support::ticks::{Trace, tick};

fn virtual_loop() -> EventLoop {
    EventLoop::builder().clock(VirtualClock::new()).build().unwrap()
}

#[test]
fn it_returns_what_the_coroutine_returned() {
    // CPython: test_events.EventLoopTestsMixin.test_run_until_complete, test_base_events.test_run_until_complete_loop
    let event_loop = virtual_loop();
    let began = event_loop.time();
    let answer = event_loop.run_until_complete(async {
        asyncio::sleep(Duration::from_secs(10)).await;
        Ok::<_, Error>(42)
    });
    assert_eq!(answer.unwrap(), 42);
    assert_eq!(event_loop.time() - began, Duration::from_secs(10));
    event_loop.close().unwrap();
}

#[test]
fn it_takes_a_future_of_its_loop() {
    let event_loop = EventLoop::new().unwrap();
    let future = event_loop.create_future();
    let setter = future.clone();
    event_loop.call_soon(move || setter.set_result("set").unwrap()).unwrap();
    assert_eq!(event_loop.run_until_complete(&future).unwrap(), "set");
    assert_eq!(event_loop.run_until_complete(future).unwrap(), "set", "also one that is done");
    event_loop.close().unwrap();
}

#[test]
fn a_failure_comes_back_as_the_error_it_was() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    let failed = event_loop.run_until_complete(async { Err::<(), _>(Error::value_error("seven is too many")) });
    assert_eq!(failed.unwrap_err().to_string(), "ValueError: seven is too many");
    async fn panics() {
        panic!("out of range");
    }
    let panicked = event_loop.run_until_complete(panics()).unwrap_err();
    assert!(matches!(&panicked, Error::Panic(panic) if panic.message() == "out of range"), "{panicked}");
    let future: Future<()> = event_loop.create_future();
    future.cancel_with("not wanted");
    let Err(Error::CancelledError(error)) = event_loop.run_until_complete(future) else { panic!("not cancelled") };
    assert_eq!(error.message(), Some("not wanted"));
    event_loop.close().unwrap();
    assert!(reports.all().is_empty(), "they were retrieved: {:?}", reports.all());
}

#[test]
fn the_batch_in_which_it_ends_is_finished() {
    let event_loop = virtual_loop();
    let trace = Trace::new();
    let future = event_loop.create_future();
    let (setter, noted, inside) = (future.clone(), trace.clone(), event_loop.clone());
    future.add_done_callback(move |_| {
        // In the batch in which the waiting task hears of the result and ends. Its callback, which stops the loop,
        // comes in the next one, and so does this.
        drop(inside.call_soon(noted.noting("in the last batch")));
    });
    event_loop.call_later(Duration::from_secs(1), move || setter.set_result(()).unwrap()).unwrap();
    event_loop.run_until_complete(future).unwrap();
    assert_eq!(trace.all(), ["in the last batch"]);
    event_loop.close().unwrap();
}

#[test]
fn stopping_early_is_an_error_and_the_task_stays_pending() {
    // CPython: test_events.EventLoopTestsMixin.test_run_until_complete_stopped (B 5)
    let event_loop = virtual_loop();
    let trace = Trace::new();
    let (stopper, noted) = (event_loop.clone(), trace.clone());
    let error = event_loop
        .run_until_complete(async move {
            stopper.stop();
            asyncio::sleep(Duration::from_secs(60)).await;
            noted.push("went on with the next run");
        })
        .unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("stopped before")), "{error}");
    let [task] = &event_loop.all_tasks()[..] else { panic!("the task is gone") };
    assert!(!task.done());
    assert!(trace.all().is_empty());
    event_loop.run_until_complete(asyncio::sleep(Duration::from_secs(61))).unwrap();
    assert!(task.done());
    assert_eq!(trace.all(), ["went on with the next run"]);
    event_loop.close().unwrap();
}

#[test]
fn what_was_left_by_an_early_stop_does_not_stop_a_later_run() {
    // CPython: test_base_events.BaseEventLoopTests.test_run_until_complete_loop_orphan_future_close_loop
    let event_loop = virtual_loop();
    let stopper = event_loop.clone();
    event_loop.call_soon(move || stopper.stop()).unwrap();
    event_loop.run_until_complete(asyncio::sleep(Duration::from_millis(100))).unwrap_err();
    // Were the first one's callback still there, this would end early as well.
    event_loop.run_until_complete(asyncio::sleep(Duration::from_millis(200))).unwrap();
    event_loop.close().unwrap();
}

#[test]
fn a_task_that_was_left_by_an_early_stop_is_not_reported_as_destroyed_but_its_failure_is() {
    // CPython: run_until_complete switches off the "destroyed but pending" report of its own task, and no other.
    let event_loop = virtual_loop();
    let reports = Reports::of(&event_loop);
    let stopper = event_loop.clone();
    event_loop.call_soon(move || stopper.stop()).unwrap();
    let fails_later = async {
        asyncio::sleep(Duration::from_secs(1)).await;
        Err::<(), _>(Error::value_error("lost?"))
    };
    event_loop.run_until_complete(fails_later).unwrap_err();
    event_loop.run_until_complete(asyncio::sleep(Duration::from_secs(2))).unwrap();
    let all = reports.all();
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with("Task exception was never retrieved: ValueError: lost?"), "{all:?}");
    let stopper = event_loop.clone();
    event_loop.call_soon(move || stopper.stop()).unwrap();
    event_loop.run_until_complete(asyncio::sleep(Duration::from_secs(1))).unwrap_err();
    event_loop.close().unwrap();
    assert_eq!(reports.all().len(), 1, "{:?}", reports.all());
}

#[test]
fn a_future_of_another_loop_is_refused() {
    // CPython: run_until_complete raises ValueError, awaiting in a task RuntimeError; here both are the latter.
    let event_loop = EventLoop::new().unwrap();
    let other = EventLoop::new().unwrap();
    let future: Future<()> = other.create_future();
    let error = event_loop.run_until_complete(&future).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("another event loop")), "{error}");
    let task = other.create_task(async {}).unwrap();
    let any = task.as_any();
    let error = event_loop.run_until_complete(task).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("another event loop")), "{error}");
    assert!(!future.done() && !any.done(), "they are left alone");
    let task = other.create_task(async {}).unwrap();
    // What is done needs no loop any more.
    tick(&other);
    future.set_result(()).unwrap();
    event_loop.run_until_complete(future).unwrap();
    event_loop.run_until_complete(task).unwrap();
    event_loop.close().unwrap();
    other.close().unwrap();
}

#[test]
fn a_closed_loop_drops_the_coroutine_and_says_so() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.close().unwrap();
    let trace = Trace::new();
    let captured = crate::support::ticks::Dropped(trace.clone(), "dropped");
    let error = event_loop.run_until_complete(async move { drop(captured) }).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("closed")), "{error}");
    assert_eq!(trace.all(), ["dropped"]);
}
