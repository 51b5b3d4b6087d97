//! Awaiting a future: once, twice, from several tasks, and from places where it cannot be.

use std::future::IntoFuture;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use asyncio::{Error, EventLoop, Future};

use crate::support::net::running;
use crate::support::ticks::{Trace, tick};

#[asyncio::test]
async fn an_await_waits_until_it_is_set() {
    // CPython: test_futures.BaseFutureTests.test_iter
    let future = running().create_future();
    let setter = future.clone();
    running().call_soon(move || setter.set_result(42).unwrap()).unwrap();
    assert_eq!(future.await.unwrap(), 42);
}

#[asyncio::test]
async fn awaiting_what_is_done_does_not_suspend() {
    let future = running().create_future();
    future.set_result(42).unwrap();
    let trace = Trace::new();
    running().call_soon(trace.noting("the next batch")).unwrap();
    assert_eq!(future.await.unwrap(), 42);
    assert!(trace.all().is_empty());
}

#[asyncio::test]
async fn a_future_may_be_awaited_twice() {
    // CPython: test_futures.BaseFutureTests.test_yield_from_twice
    let future = running().create_future();
    let setter = future.clone();
    running().call_soon(move || setter.set_result("the result").unwrap()).unwrap();
    assert_eq!((&future).await.unwrap(), "the result");
    assert_eq!(future.await.unwrap(), "the result");
}

#[asyncio::test]
async fn several_tasks_may_await_it_and_go_on_in_their_order() {
    let future = running().create_future();
    let trace = Trace::new();
    let tasks: Vec<_> = (0..5)
        .map(|name| {
            let (awaited, noted) = (future.clone(), trace.clone());
            asyncio::create_task(async move {
                assert_eq!(awaited.await.unwrap(), "ready");
                noted.push(name);
            })
        })
        .collect();
    asyncio::sleep(Duration::ZERO).await;
    future.set_result("ready").unwrap();
    assert!(trace.all().is_empty(), "nobody runs inside of set_result");
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(trace.all(), [0, 1, 2, 3, 4]);
}

#[asyncio::test]
async fn a_waiter_that_leaves_does_not_disturb_the_others() {
    let future = running().create_future();
    let waiter = |future: &Future<u8>| asyncio::create_task(asyncio::shield(future.clone()).into_future());
    let (first, second) = (waiter(&future), waiter(&future));
    asyncio::sleep(Duration::ZERO).await;
    first.cancel();
    assert!(first.await.unwrap_err().is_cancelled());
    assert!(!future.done());
    future.set_result(7).unwrap();
    assert_eq!(second.await.unwrap(), 7);
}

#[asyncio::test]
async fn each_await_gets_the_same_exception() {
    // CPython: test_futures2.FutureTests.test_future_traceback: here an error carries no traceback to grow.
    let future: Future<()> = running().create_future();
    future.set_exception(Error::value_error("the cause")).unwrap();
    for _ in 0..5 {
        assert_eq!((&future).await.unwrap_err().to_string(), "ValueError: the cause");
    }
}

#[test]
fn a_future_is_set_while_nobody_runs_and_its_waiter_goes_on_in_the_next_tick() {
    let event_loop = EventLoop::new().unwrap();
    let (future, trace) = (event_loop.create_future(), Trace::new());
    let (awaited, noted) = (future.clone(), trace.clone());
    drop(event_loop.create_task(async move { noted.push(awaited.await.unwrap()) }).unwrap());
    tick(&event_loop);
    future.set_result("set between two runs").unwrap();
    assert!(trace.all().is_empty());
    tick(&event_loop);
    assert_eq!(trace.all(), ["set between two runs"]);
    event_loop.close().unwrap();
}

#[test]
fn a_future_of_another_loop_is_an_error_in_the_task_that_awaits_it() {
    // CPython: test_tasks: "attached to a different loop"
    let (event_loop, other) = (EventLoop::new().unwrap(), EventLoop::new().unwrap());
    let foreign: Future<()> = other.create_future();
    let future = foreign.clone();
    let error = event_loop.run_until_complete(async move {
        let error = (&future).await.unwrap_err();
        assert!(!future.done());
        Ok::<_, Error>(error)
    });
    let error = error.unwrap();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("another event loop")), "{error}");
    assert!(foreign.get_loop().unwrap() == other);
    event_loop.close().unwrap();
    other.close().unwrap();
}

#[test]
fn a_foreign_executor_can_await_it_while_no_loop_runs() {
    let event_loop = EventLoop::new().unwrap();
    let future = event_loop.create_future();
    let mut awaiting = pin!(future.clone().into_future());
    let mut context = Context::from_waker(Waker::noop());
    assert!(awaiting.as_mut().poll(&mut context).is_pending());
    future.set_result(3).unwrap();
    let Poll::Ready(result) = awaiting.poll(&mut context) else { panic!("it is set") };
    assert_eq!(result.unwrap(), 3);
    event_loop.close().unwrap();
}
