//! `ConcurrentFuture` and `wrap_future`: results that come from other threads, and cancels that go there.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use asyncio::{ConcurrentFuture, Error, EventLoop, wrap_future};

use crate::support::net::off_loop;
use crate::support::ticks::{Trace, tick};

#[asyncio::test(timeout = "10s")]
async fn a_result_comes_from_another_thread() {
    // CPython: test_futures.BaseFutureTests.test_wrap_future
    let here = thread::current().id();
    let outcome = ConcurrentFuture::new();
    let setter = outcome.clone();
    let thread = thread::spawn(move || setter.set_result(thread::current().id()).unwrap());
    let there = wrap_future(outcome).unwrap().await.unwrap();
    assert_ne!(there, here);
    assert_eq!(there, thread.thread().id());
    thread.join().unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn an_exception_comes_from_another_thread() {
    let outcome: ConcurrentFuture<()> = ConcurrentFuture::new();
    let setter = outcome.clone();
    let thread = thread::spawn(move || setter.set_exception(Error::value_error("from afar")).unwrap());
    let error = wrap_future(outcome).unwrap().await.unwrap_err();
    assert_eq!(error.to_string(), "ValueError: from afar");
    thread.join().unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn what_is_done_already_arrives_in_a_later_tick() {
    let outcome = ConcurrentFuture::new();
    outcome.set_result(5).unwrap();
    let future = wrap_future(outcome).unwrap();
    assert!(!future.done());
    assert_eq!(future.await.unwrap(), 5);
}

#[asyncio::test(timeout = "10s")]
async fn a_cancel_on_the_loops_side_reaches_the_other_one() {
    // CPython: test_futures.BaseFutureTests.test_wrap_future_cancel
    let outcome: ConcurrentFuture<()> = ConcurrentFuture::new();
    let future = wrap_future(outcome.clone()).unwrap();
    assert!(future.cancel());
    assert!(future.cancelled());
    assert!(!outcome.cancelled(), "through the ready queue");
    asyncio::sleep(Duration::ZERO).await;
    assert!(outcome.cancelled() && outcome.done());
    assert!(matches!(outcome.set_result(()), Err(Error::InvalidStateError(_))));
}

#[asyncio::test(timeout = "10s")]
async fn a_result_and_a_cancel_that_cross_leave_each_side_with_its_own() {
    // CPython: test_futures.BaseFutureTests.test_wrap_future_cancel2 (B 12)
    let outcome = ConcurrentFuture::new();
    let future = wrap_future(outcome.clone()).unwrap();
    outcome.set_result(42).unwrap();
    assert!(future.cancel());
    for _ in 0..3 {
        asyncio::sleep(Duration::ZERO).await;
    }
    assert!(future.cancelled());
    assert_eq!(outcome.result(None).unwrap(), 42);
    assert!(!outcome.cancelled());
}

#[asyncio::test(timeout = "10s")]
async fn a_cancel_on_the_other_side_reaches_the_loop() {
    let outcome: ConcurrentFuture<()> = ConcurrentFuture::new();
    let canceller = outcome.clone();
    let thread = thread::spawn(move || assert!(canceller.cancel() && canceller.cancelled()));
    let future = wrap_future(outcome).unwrap();
    assert!((&future).await.unwrap_err().is_cancelled());
    assert!(future.cancelled());
    thread.join().unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn cancelling_a_task_that_awaits_it_reaches_the_thread() {
    let outcome: ConcurrentFuture<()> = ConcurrentFuture::new();
    let (ask, answer) = mpsc::channel();
    let waiting = outcome.clone();
    let thread = thread::spawn(move || ask.send(waiting.result(None).unwrap_err().is_cancelled()).unwrap());
    let task = asyncio::create_task(async move { wrap_future(outcome)?.await });
    asyncio::sleep(Duration::ZERO).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(off_loop(move || answer.recv().unwrap()).await);
    thread.join().unwrap();
}

#[test]
fn it_needs_a_running_loop() {
    // CPython: test_futures.BaseFutureTests.test_wrap_future_without_loop, …use_running_loop
    let refused = wrap_future(ConcurrentFuture::<()>::new());
    assert!(matches!(refused, Err(Error::RuntimeError(_))));
}

#[test]
fn nothing_comes_after_the_loop_was_closed() {
    let event_loop = EventLoop::new().unwrap();
    let outcome: ConcurrentFuture<u8> = ConcurrentFuture::new();
    let wrapped = outcome.clone();
    let future = event_loop.run_until_complete(async move { wrap_future(wrapped) }).unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    future.add_done_callback(move |_| noted.push("told"));
    event_loop.close().unwrap();
    thread::spawn(move || outcome.set_result(1).unwrap()).join().unwrap();
    assert!(!future.done() && trace.all().is_empty());
}

#[test]
fn a_result_that_is_on_its_way_when_the_loop_stops_arrives_with_the_next_run() {
    let event_loop = EventLoop::new().unwrap();
    let outcome = ConcurrentFuture::new();
    let wrapped = outcome.clone();
    let future = event_loop.run_until_complete(async move { wrap_future(wrapped) }).unwrap();
    thread::spawn(move || outcome.set_result(1).unwrap()).join().unwrap();
    assert!(!future.done());
    tick(&event_loop);
    assert_eq!(future.result().unwrap(), 1);
    event_loop.close().unwrap();
}

#[test]
fn a_thread_may_block_for_the_result_with_a_limit() {
    let outcome: ConcurrentFuture<u8> = ConcurrentFuture::new();
    assert!(outcome.result(Duration::from_millis(1)).unwrap_err().is_timeout());
    assert!(!outcome.done(), "the limit is the caller's");
    let setter = outcome.clone();
    let thread = thread::spawn(move || setter.set_result(9).unwrap());
    assert_eq!(outcome.result(Duration::from_secs(10)).unwrap(), 9);
    assert_eq!(outcome.result(None).unwrap(), 9, "any number of times");
    thread.join().unwrap();
}

#[test]
fn it_is_set_once() {
    let outcome = ConcurrentFuture::default();
    outcome.set_result(1).unwrap();
    for refused in [outcome.set_result(2), outcome.set_exception(Error::value_error("late"))] {
        assert!(matches!(refused, Err(Error::InvalidStateError(_))));
    }
    assert!(!outcome.cancel() && !outcome.cancelled());
    assert_eq!(outcome.result(None).unwrap(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn a_failure_of_the_concurrent_side_that_is_read_there_too_is_read_twice() {
    let outcome: ConcurrentFuture<()> = ConcurrentFuture::new();
    let future = wrap_future(outcome.clone()).unwrap();
    outcome.set_exception(Error::value_error("both")).unwrap();
    assert_eq!(future.await.unwrap_err().to_string(), "ValueError: both");
    assert_eq!(outcome.result(None).unwrap_err().to_string(), "ValueError: both");
}

#[asyncio::test(timeout = "20s")]
async fn many_threads_race_with_many_cancels_and_each_pair_ends() {
    let mut threads = Vec::new();
    let mut pairs = Vec::new();
    for number in 0..200 {
        let outcome = ConcurrentFuture::new();
        let future = wrap_future(outcome.clone()).unwrap();
        let setter = outcome.clone();
        if number % 10 == 0 {
            threads.push(thread::spawn(move || drop(setter.set_result(number))));
        } else {
            drop(setter.set_result(number));
        }
        if number % 3 == 0 {
            future.cancel();
        }
        pairs.push((number, outcome, future));
    }
    for (number, outcome, future) in pairs {
        match (&future).await {
            Ok(value) => assert_eq!((value, outcome.result(None).unwrap()), (number, number)),
            Err(error) => assert!(error.is_cancelled() && number % 3 == 0),
        }
        assert!(future.done());
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
