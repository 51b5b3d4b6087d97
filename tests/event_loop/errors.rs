//! A callback that panics: what is said of it, and that the loop goes on. Nothing is thrown through the loop, so
//! this is also what Python's `KeyboardInterrupt` and `SystemExit` tests come to here.

use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{Error, EventLoop};

use crate::support::net::Reports;
use crate::support::ticks::{Dropped, PanicsOnDrop, Trace, tick};

#[test]
fn every_kind_of_callback_may_panic_and_the_loop_goes_on() {
    // CPython: test_base_events.BaseEventLoopTests.test_default_exc_handler_callback, test_events.HandleTests.
    // test_callback_with_exception, test_base_events.test_run_forever_keyboard_interrupt (not thrown here)
    let event_loop = EventLoop::builder().clock(VirtualClock::new()).build().unwrap();
    let reports = Reports::of(&event_loop);
    let future = event_loop.create_future();
    event_loop.call_soon(|| panic!("of call_soon")).unwrap();
    event_loop.call_later(Duration::from_secs(1), || panic!("of call_later")).unwrap();
    event_loop.call_at(Duration::ZERO, || panic!("of call_at")).unwrap();
    event_loop.call_soon_threadsafe(|| panic!("of call_soon_threadsafe")).unwrap();
    future.add_done_callback(|_| panic!("of add_done_callback"));
    future.set_result(()).unwrap();
    event_loop.run_until_complete(asyncio::sleep(Duration::from_secs(2))).unwrap();
    let all = reports.all();
    assert_eq!(all.len(), 5, "{all:?}");
    for kind in ["call_soon", "call_later", "call_at", "call_soon_threadsafe", "add_done_callback"] {
        let of_kind = all.iter().filter(|report| report.contains(&format!("Panic: of {kind} (at ")));
        let of_kind: Vec<_> = of_kind.collect();
        assert_eq!(of_kind.len(), 1, "{kind}: {all:?}");
        assert!(of_kind[0].starts_with("Exception in callback "), "{of_kind:?}");
        assert!(of_kind[0].ends_with(r#"["exception", "handle", "source_traceback"]"#), "{of_kind:?}");
    }
    event_loop.close().unwrap();
}

#[test]
fn a_panic_is_an_error_with_its_text_and_its_place() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, context| {
        let Some(Error::Panic(panic)) = context.get_exception() else { panic!("no panic") };
        noted.push((panic.message().to_owned(), panic.location().unwrap_or_default().to_owned()));
    });
    let line = line!() + 1;
    event_loop.call_soon(|| panic!("text {}", 1)).unwrap();
    event_loop.call_soon(|| std::panic::panic_any(17)).unwrap();
    tick(&event_loop);
    let all = trace.all();
    assert_eq!(all[0].0, "text 1");
    assert!(all[0].1.starts_with(&format!("{}:{line}:", file!())), "{all:?}");
    assert_eq!(all[1].0, "a value that is no text");
    event_loop.close().unwrap();
}

#[test]
fn a_reader_that_removes_itself_and_panics_is_reported_as_cancelled_and_keeps_nothing() {
    let event_loop = EventLoop::new().unwrap();
    let (handles, dropped) = (Trace::new(), Trace::new());
    let noted = handles.clone();
    event_loop.set_exception_handler(move |_, context| {
        noted.push(context.get::<asyncio::Handle>("handle").expect("a reader is a handle").clone());
    });
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"x").unwrap();
    let (inside, number) = (event_loop.clone(), near.as_raw_fd());
    let captured = Dropped(dropped.clone(), "dropped");
    let reader = move || {
        let _held = &captured;
        assert!(inside.remove_reader(&Number(number)));
        panic!("removed");
    };
    event_loop.add_reader(&near, reader).unwrap();
    tick(&event_loop);
    tick(&event_loop);
    let [handle] = &handles.all()[..] else { panic!("{handles:?}") };
    assert!(handle.cancelled());
    assert_eq!(dropped.all(), ["dropped"], "although the handle is still there");
    event_loop.close().unwrap();
}

/// A descriptor by its number.
struct Number(RawFd);

impl AsRawFd for Number {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

#[test]
fn a_coroutine_that_panics_does_not_end_the_loop_either() {
    // CPython: test_base_events.BaseEventLoopTests.test_run_until_complete_baseexception
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    async fn fails() {
        panic!("in the coroutine");
    }
    let error = event_loop.run_until_complete(fails()).unwrap_err();
    assert!(matches!(error, Error::Panic(_)), "{error}");
    assert!(!event_loop.is_running());
    event_loop.run_until_complete(async {}).unwrap();
    event_loop.close().unwrap();
    assert!(reports.all().is_empty(), "the caller has it: {:?}", reports.all());
}

#[test]
fn a_destructor_that_panics_after_its_callback_is_reported_as_the_callbacks() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    let captured = PanicsOnDrop;
    let trace = Trace::new();
    let noted = trace.clone();
    let callback = move || {
        let _held = captured;
        noted.push("ran");
    };
    event_loop.call_soon(callback).unwrap();
    event_loop.call_soon(trace.noting("and the next")).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["ran", "and the next"]);
    let all = reports.all();
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].contains("a destructor panicked"), "{all:?}");
    event_loop.close().unwrap();
}

#[test]
fn a_destructor_that_panics_while_its_callback_is_cancelled_panics_in_the_caller_of_cancel() {
    let event_loop = EventLoop::new().unwrap();
    let captured = PanicsOnDrop;
    let handle = event_loop.call_soon(move || drop(captured)).unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handle.cancel()));
    assert!(caught.is_err());
    assert!(handle.cancelled());
    tick(&event_loop);
    event_loop.close().unwrap();
}
