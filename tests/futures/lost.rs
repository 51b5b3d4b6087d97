//! A failure that nobody looked at is reported, once.

use asyncio::{Error, EventLoop, Future};
use log::Level;

use crate::support::log::{collect, collected};
use crate::support::net::Reports;
use crate::support::ticks::Trace;

fn failed(event_loop: &EventLoop) -> Future<()> {
    let future = event_loop.create_future();
    future.set_exception(Error::value_error("lost")).unwrap();
    future
}

fn loop_and_reports() -> (EventLoop, Reports) {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    (event_loop, reports)
}

#[test]
fn a_failure_is_reported_when_the_last_handle_goes() {
    // CPython: test_futures.BaseFutureTests.test_tb_logger_exception_unretrieved, test_future_exception_never_retrieved,
    // test_future_del_collect
    let (event_loop, reports) = loop_and_reports();
    let future = failed(&event_loop);
    let clone = future.clone();
    drop(future);
    assert!(reports.all().is_empty());
    drop(clone);
    assert_eq!(
        reports.all(),
        [r#"Future exception was never retrieved: ValueError: lost ["exception", "future", "source_traceback"]"#]
    );
    event_loop.close().unwrap();
}

#[test]
fn the_report_says_where_the_future_was_made() {
    // CPython: test_futures.BaseFutureTests.test_future_exception_never_retrieved_debug
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, context| {
        noted.push((context.source_traceback().unwrap().line(), context.to_string()));
    });
    let line = line!() + 1;
    let future: Future<()> = event_loop.create_future();
    future.set_exception(Error::value_error("lost")).unwrap();
    drop(future);
    let [(at, text)] = &trace.all()[..] else { panic!("{trace:?}") };
    assert_eq!(*at, line);
    assert!(text.contains(&format!("future: <Future failed created at {}:{line}:", file!())), "{text}");
    event_loop.close().unwrap();
}

#[test]
fn a_failure_that_was_looked_at_is_not_reported() {
    // CPython: test_futures.BaseFutureTests.test_tb_logger_exception_retrieved, …exception_result_retrieved
    let (event_loop, reports) = loop_and_reports();
    assert!(failed(&event_loop).exception().unwrap().is_some());
    assert!(failed(&event_loop).result().is_err());
    assert!(event_loop.run_until_complete(failed(&event_loop)).is_err());
    assert!(reports.all().is_empty(), "{:?}", reports.all());
    event_loop.close().unwrap();
}

#[test]
fn a_cancel_after_the_failure_silences_it() {
    // CPython: Future.cancel clears the flag, whatever it returns.
    let (event_loop, reports) = loop_and_reports();
    assert!(!failed(&event_loop).cancel());
    assert!(reports.all().is_empty(), "{:?}", reports.all());
    event_loop.close().unwrap();
}

#[test]
fn nothing_else_is_reported() {
    // CPython: test_futures.BaseFutureTests.test_tb_logger_abandoned, …not_called_after_cancel, …result_unretrieved,
    // …result_retrieved
    let (event_loop, reports) = loop_and_reports();
    drop(event_loop.create_future::<()>());
    let cancelled: Future<()> = event_loop.create_future();
    cancelled.cancel();
    drop(cancelled);
    let finished = event_loop.create_future();
    finished.set_result(1).unwrap();
    drop(finished);
    let read = event_loop.create_future();
    read.set_result(1).unwrap();
    read.result().unwrap();
    drop(read);
    assert!(reports.all().is_empty(), "{:?}", reports.all());
    event_loop.close().unwrap();
}

#[test]
fn a_waiter_that_was_told_and_left_does_not_count_as_one_that_looked() {
    let (event_loop, reports) = loop_and_reports();
    let future: Future<()> = event_loop.create_future();
    let awaited = future.clone();
    let task = event_loop.create_task(async move { awaited.await }).unwrap();
    task.cancel();
    crate::support::ticks::tick(&event_loop);
    assert!(task.cancelled());
    future.set_exception(Error::value_error("lost")).unwrap();
    drop(future);
    assert_eq!(reports.all().len(), 1, "{:?}", reports.all());
    event_loop.close().unwrap();
}

#[test]
fn a_failure_in_a_callback_that_never_ran_is_reported_when_the_loop_closes() {
    let (event_loop, reports) = loop_and_reports();
    let future = failed(&event_loop);
    event_loop.call_soon(move || drop(future)).unwrap();
    event_loop.close().unwrap();
    assert_eq!(reports.all().len(), 1, "{:?}", reports.all());
}

#[test]
fn after_the_loop_was_closed_it_is_logged() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    let future = failed(&event_loop);
    event_loop.close().unwrap();
    assert!(reports.all().is_empty());
    collect();
    drop(future);
    let records = collected(Level::Error);
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(
        records[0].starts_with("ASY0005: Future exception was never retrieved\nexception: ValueError: lost"),
        "{records:?}"
    );
}
