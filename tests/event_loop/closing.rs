//! `close`: what it drops, and what it does not do any more.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use asyncio::{Error, EventLoop};
use log::Level;

use crate::support::log::{collect, collected};
use crate::support::net::Reports;
use crate::support::ticks::{Dropped, PanicsOnDrop, Trace, tick};

/// Makes a callback that runs many times capture something.
fn holds<T>(_captured: &T) {}

#[test]
fn a_running_loop_cannot_be_closed() {
    // CPython: test_events.EventLoopTestsMixin.test_close_running_event_loop
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let (inside, noted) = (event_loop.clone(), trace.clone());
    event_loop
        .call_soon(move || {
            let error = inside.close().unwrap_err();
            assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("running")), "{error}");
            noted.push(inside.is_closed());
        })
        .unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), [false]);
    event_loop.close().unwrap();
}

#[test]
fn closing_twice_is_harmless() {
    // CPython: test_base_events.BaseEventLoopTests.test_close
    let event_loop = EventLoop::new().unwrap();
    event_loop.close().unwrap();
    event_loop.close().unwrap();
    assert!(event_loop.is_closed());
}

#[test]
fn everything_is_refused_by_a_closed_loop() {
    // CPython: test_events.EventLoopTestsMixin.test_close, test_add_fds_after_closing, test_remove_fds_after_closing
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    event_loop.close().unwrap();
    let (near, _far) = UnixStream::pair().unwrap();
    let refused: [asyncio::Result<()>; 9] = [
        event_loop.run_forever(),
        event_loop.run_until_complete(async {}),
        event_loop.call_soon(|| ()).map(drop),
        event_loop.call_later(Duration::ZERO, || ()).map(drop),
        event_loop.call_at(event_loop.time(), || ()).map(drop),
        event_loop.call_soon_threadsafe(|| ()),
        event_loop.create_task(async {}).map(drop),
        event_loop.add_reader(&near, || ()),
        event_loop.add_writer(&near, || ()),
    ];
    for (index, result) in refused.into_iter().enumerate() {
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("closed")), "{index}: {error}");
    }
    assert!(handle.is_closed());
    assert!(handle.call_soon_threadsafe(|| ()).is_err());
    assert!(!event_loop.remove_reader(&near) && !event_loop.remove_writer(&near));
}

#[test]
fn queues_are_dropped_without_running() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let (soon, later, reader) =
        (Dropped(trace.clone(), "soon"), Dropped(trace.clone(), "later"), Dropped(trace.clone(), "reader"));
    event_loop
        .call_soon(move || {
            drop(soon);
            unreachable!("the loop is closed");
        })
        .unwrap();
    event_loop
        .call_later(Duration::ZERO, move || {
            drop(later);
            unreachable!("the loop is closed");
        })
        .unwrap();
    let (near, _far) = UnixStream::pair().unwrap();
    event_loop.add_reader(&near, move || holds(&reader)).unwrap();
    event_loop.call_soon_threadsafe(|| unreachable!("the loop is closed")).unwrap();
    event_loop.close().unwrap();
    let mut dropped = trace.all();
    dropped.sort_unstable();
    assert_eq!(dropped, ["later", "reader", "soon"]);
}

#[test]
fn a_destructor_that_schedules_while_the_loop_closes_gets_an_error() {
    struct Schedules(EventLoop, Trace<&'static str>);
    impl Drop for Schedules {
        fn drop(&mut self) {
            assert!(self.0.call_soon(|| ()).is_err());
            assert!(self.0.call_later(Duration::ZERO, || ()).is_err());
            assert!(self.0.call_soon_threadsafe(|| ()).is_err());
            self.0.clear_exception_handler();
            self.1.push("refused");
        }
    }
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    for _ in 0..2 {
        let captured = Schedules(event_loop.clone(), trace.clone());
        event_loop.call_soon(move || drop(captured)).unwrap();
    }
    let captured = Schedules(event_loop.clone(), trace.clone());
    event_loop.call_later(Duration::from_secs(1), move || drop(captured)).unwrap();
    let captured = Schedules(event_loop.clone(), trace.clone());
    event_loop.set_exception_handler(move |_, _| holds(&captured));
    event_loop.close().unwrap();
    assert_eq!(trace.all(), ["refused"; 4]);
}

#[test]
fn a_destructor_that_panics_while_the_loop_closes_is_reported_and_the_others_run() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    let trace = Trace::new();
    for name in ["first", "second"] {
        let captured = (PanicsOnDrop, Dropped(trace.clone(), name));
        event_loop.call_soon(move || drop(captured)).unwrap();
        let captured = (PanicsOnDrop, Dropped(trace.clone(), name));
        event_loop.call_later(Duration::from_secs(1), move || drop(captured)).unwrap();
        let captured = PanicsOnDrop;
        event_loop.call_soon_threadsafe(move || drop(captured)).unwrap();
    }
    let (near, _far) = UnixStream::pair().unwrap();
    let captured = PanicsOnDrop;
    event_loop.add_reader(&near, move || holds(&captured)).unwrap();
    event_loop.close().unwrap();
    assert!(event_loop.is_closed());
    assert_eq!(trace.all(), ["first", "second", "first", "second"]);
    let all = reports.all();
    assert_eq!(all.len(), 7, "{all:?}");
    let text = "a destructor panicked while the event loop was closed: Panic: a destructor panicked";
    assert!(all.iter().all(|report| report.starts_with(text)), "{all:?}");
}

#[test]
fn an_unclosed_loop_is_closed_by_its_last_handle_and_says_so_in_debug_mode() {
    // CPython: test_base_events / BaseEventLoop.__del__: ResourceWarning
    let trace = Trace::new();
    let event_loop = EventLoop::builder().debug(true).build().unwrap();
    let thread_handle = event_loop.handle();
    let captured = Dropped(trace.clone(), "dropped");
    event_loop.call_soon(move || drop(captured)).unwrap();
    let clone = event_loop.clone();
    drop(event_loop);
    assert!(!thread_handle.is_closed());
    collect();
    drop(clone);
    assert!(thread_handle.is_closed());
    assert_eq!(trace.all(), ["dropped"]);
    let warnings = collected(Level::Warn);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("closed"), "{warnings:?}");
}

#[test]
fn a_future_that_outlives_its_loop_can_be_set_and_cancelled() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let [set, failed, cancelled] = [(); 3].map(|()| event_loop.create_future::<()>());
    let noted = trace.clone();
    set.add_done_callback(move |_| noted.push("a callback of a closed loop"));
    event_loop.close().unwrap();
    set.set_result(()).unwrap();
    failed.set_exception(Error::value_error("late")).unwrap();
    assert!(failed.exception().unwrap().is_some());
    assert!(cancelled.cancel());
    set.add_done_callback(|_| unreachable!("the loop is closed"));
    assert!(set.get_loop().unwrap() == event_loop);
    assert!(trace.all().is_empty());
    drop(event_loop);
    assert!(matches!(set.get_loop(), Err(Error::RuntimeError(_))));
}
