//! `run_forever`, `stop`, `is_running`, and what may not be run.

use asyncio::{Error, EventLoop};

use crate::support::ticks::{Trace, tick};

#[test]
fn a_loop_that_was_stopped_before_runs_exactly_one_tick() {
    // CPython: test_base_events.BaseEventLoopTests.test_run_forever_pre_stopped (B 1)
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let (again, noted) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(trace.noting("queued")).unwrap();
    event_loop.call_soon(move || drop(again.call_soon(noted.noting("queued by a callback")))).unwrap();
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!(trace.all(), ["queued"]);
    assert!(!event_loop.is_running());
    tick(&event_loop);
    assert_eq!(trace.all(), ["queued", "queued by a callback"]);
    event_loop.close().unwrap();
}

#[test]
fn stop_lets_the_batch_finish_and_leaves_the_next_one_queued() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let stopper = event_loop.clone();
    event_loop.call_soon(move || stopper.stop()).unwrap();
    event_loop.call_soon(trace.noting("same batch")).unwrap();
    let (again, noted) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || drop(again.call_soon(noted.noting("next batch")))).unwrap();
    event_loop.run_forever().unwrap();
    assert_eq!(trace.all(), ["same batch"]);
    tick(&event_loop);
    assert_eq!(trace.all(), ["same batch", "next batch"]);
    event_loop.close().unwrap();
}

#[test]
fn stopping_twice_stops_once() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    event_loop.stop();
    event_loop.stop();
    event_loop.run_forever().unwrap();
    // Were the second one still there, this would end after its first batch.
    let (again, noted, stopper) = (event_loop.clone(), trace.clone(), event_loop.clone());
    event_loop
        .call_soon(move || {
            noted.push("first batch");
            let last = move || {
                noted.push("second batch");
                stopper.stop();
            };
            drop(again.call_soon(last));
        })
        .unwrap();
    event_loop.run_forever().unwrap();
    assert_eq!(trace.all(), ["first batch", "second batch"]);
    event_loop.close().unwrap();
}

#[test]
fn is_running_holds_inside_of_callbacks_only() {
    let event_loop = EventLoop::new().unwrap();
    assert!(!event_loop.is_running() && !event_loop.is_closed());
    let trace = Trace::new();
    let (inside, noted) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || noted.push(inside.is_running() && !inside.is_closed())).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), [true]);
    assert!(!event_loop.is_running());
    event_loop.close().unwrap();
    assert!(event_loop.is_closed() && !event_loop.is_running());
}

#[test]
fn running_a_running_loop_is_an_error_and_changes_nothing() {
    // CPython: test_events.EventLoopTestsMixin.test_run_until_complete_nesting; 3.13.0 forgets the running loop here.
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let (inside, noted) = (event_loop.clone(), trace.clone());
    event_loop
        .call_soon(move || {
            let refused = [inside.run_forever(), inside.run_until_complete(async {})];
            for error in refused.map(Result::unwrap_err) {
                assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("running")), "{error}");
            }
            assert!(inside.is_running());
            assert!(asyncio::get_running_loop().unwrap() == inside);
            drop(inside.call_soon(noted.noting("went on")));
        })
        .unwrap();
    tick(&event_loop);
    tick(&event_loop);
    assert_eq!(trace.all(), ["went on"]);
    event_loop.close().unwrap();
}

#[test]
fn one_thread_runs_one_loop() {
    // CPython: test_base_events.BaseEventLoopTests.test_running_loop_within_a_loop (3.6), run_forever's own check
    let outer = EventLoop::new().unwrap();
    let inner = EventLoop::new().unwrap();
    let trace = Trace::new();
    inner.call_soon(trace.noting("the inner loop ran")).unwrap();
    let (outside, other, noted) = (outer.clone(), inner.clone(), trace.clone());
    outer
        .call_soon(move || {
            for error in [other.run_forever(), other.run_until_complete(async {})].map(Result::unwrap_err) {
                assert!(matches!(&error, Error::RuntimeError(_)), "{error}");
                assert!(error.to_string().contains("thread"), "{error}");
            }
            assert!(!other.is_running());
            assert!(asyncio::get_running_loop().unwrap() == outside);
            noted.push("refused");
        })
        .unwrap();
    tick(&outer);
    assert_eq!(trace.all(), ["refused"]);
    // The inner one is as it was, its callback still in its queue.
    tick(&inner);
    assert_eq!(trace.all(), ["refused", "the inner loop ran"]);
    outer.close().unwrap();
    inner.close().unwrap();
}

#[test]
fn loops_of_different_threads_run_at_the_same_time() {
    let (to_other, from_main) = std::sync::mpsc::channel();
    let (to_main, from_other) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let event_loop = EventLoop::new().unwrap();
        event_loop
            .call_soon(move || {
                to_main.send("the other loop runs").unwrap();
                assert_eq!(from_main.recv(), Ok("this loop runs"));
            })
            .unwrap();
        tick(&event_loop);
        event_loop.close().unwrap();
    });
    let event_loop = EventLoop::new().unwrap();
    event_loop
        .call_soon(move || {
            assert_eq!(from_other.recv(), Ok("the other loop runs"));
            to_other.send("this loop runs").unwrap();
        })
        .unwrap();
    tick(&event_loop);
    event_loop.close().unwrap();
    thread.join().unwrap();
}

#[test]
fn a_loop_can_be_stopped_and_run_many_times() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    for round in 0..100 {
        event_loop.call_soon(trace.noting(round)).unwrap();
        let stopper = event_loop.clone();
        event_loop.call_soon(move || stopper.stop()).unwrap();
        event_loop.run_forever().unwrap();
    }
    assert_eq!(trace.all(), (0..100).collect::<Vec<_>>());
    event_loop.close().unwrap();
}
