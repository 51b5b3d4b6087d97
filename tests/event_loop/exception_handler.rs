//! `set_exception_handler`, `call_exception_handler`, `default_exception_handler`, and what they are told.

use std::fmt;
use std::rc::Rc;

use asyncio::{ContextVar, Error, EventLoop, ExceptionContext};
use log::Level;

use crate::support::log::{collect, collected};
use crate::support::net::Reports;
use crate::support::ticks::{Trace, tick};

static NAME: ContextVar<&str> = ContextVar::with_default("name", || "foo");

fn failing_callback(event_loop: &EventLoop) {
    event_loop.call_soon(|| panic!("division by zero")).unwrap();
    tick(event_loop);
}

/// What is logged as an error while `run` runs, each record once.
fn logged(run: impl FnOnce()) -> Vec<String> {
    collect();
    run();
    collected(Level::Error)
}

#[test]
fn a_handler_gets_the_loop_and_the_context() {
    // CPython: test_base_events.BaseEventLoopTests.test_set_exc_handler_custom
    let event_loop = EventLoop::new().unwrap();
    assert!(event_loop.get_exception_handler().is_none());
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |event_loop, context| {
        assert!(*event_loop == asyncio::get_running_loop().unwrap());
        let handle = context.get::<asyncio::Handle>("handle").expect("it was a callback");
        noted.push((context.message().to_owned(), context.keys(), handle.location().line()));
        assert_eq!(context.source_traceback(), Some(handle.location()));
        assert!(matches!(context.get_exception(), Some(Error::Panic(_))));
    });
    assert!(event_loop.get_exception_handler().is_some());
    let line = line!() + 1;
    event_loop.call_soon(|| panic!("division by zero")).unwrap();
    assert!(logged(|| tick(&event_loop)).is_empty(), "the default handler has nothing to do");
    let (message, keys, at) = trace.all().pop().unwrap();
    assert!(message.starts_with("Exception in callback ") && message.contains("a_handler_gets_the_loop"), "{message}");
    assert_eq!((keys, at), (vec!["exception", "handle", "source_traceback"], line));

    event_loop.clear_exception_handler();
    assert!(event_loop.get_exception_handler().is_none());
    let records = logged(|| failing_callback(&event_loop));
    assert_eq!((records.len(), trace.len()), (1, 1), "{records:?}");
    event_loop.close().unwrap();
}

#[test]
fn the_handler_that_is_returned_is_the_one_that_was_set() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, context| noted.push(context.message().to_owned()));
    let handler = event_loop.get_exception_handler().unwrap();
    assert!(Rc::ptr_eq(&handler, &event_loop.get_exception_handler().unwrap()));
    handler(&event_loop, &ExceptionContext::new("by hand"));
    event_loop.call_exception_handler(ExceptionContext::new("by the loop"));
    assert_eq!(trace.all(), ["by hand", "by the loop"]);
    event_loop.close().unwrap();
}

#[test]
fn the_default_handler_writes_one_record_of_level_error() {
    // CPython: test_base_events.BaseEventLoopTests.test_default_exc_handler_callback
    let event_loop = EventLoop::new().unwrap();
    let line = line!() + 1;
    event_loop.call_soon(|| panic!("division by zero")).unwrap();
    let records = logged(|| tick(&event_loop));
    let [record] = &records[..] else { panic!("{records:?}") };
    let lines: Vec<_> = record.lines().collect();
    assert!(lines[0].starts_with("ASY0003: Exception in callback "), "{record}");
    assert!(lines[1].starts_with("exception: Panic: division by zero (at "), "{record}");
    assert!(lines[2].starts_with("handle: <Handle "), "{record}");
    assert!(lines[3].starts_with(&format!("object created at {}:{line}:", file!())), "{record}");
    assert_eq!(lines.len(), 4, "{record}");
    event_loop.close().unwrap();
}

#[test]
fn the_default_handler_writes_keys_in_their_order_and_the_causes_of_an_error() {
    let event_loop = EventLoop::new().unwrap();
    #[derive(Debug)]
    struct Frozen(Error);
    impl fmt::Display for Frozen {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("frozen")
        }
    }
    impl std::error::Error for Frozen {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Error::other(Frozen(Error::value_error("the cause")));
    let context = ExceptionContext::new("the cache is cold").with("size", 17).with("name", "lru").exception(error);
    let records = logged(|| event_loop.default_exception_handler(&context));
    let [record] = &records[..] else { panic!("{records:?}") };
    let lines: Vec<_> = record.lines().collect();
    let cause = "  caused by: ValueError: the cause";
    assert_eq!(lines, ["the cache is cold", "exception: frozen", cause, "name: \"lru\"", "size: 17"]);
    event_loop.close().unwrap();
}

#[test]
fn an_error_without_a_message_has_the_usual_one() {
    let event_loop = EventLoop::new().unwrap();
    let records = logged(|| event_loop.call_exception_handler(ExceptionContext::new("").with("key", 1)));
    assert_eq!(records, ["Unhandled exception in event loop\nkey: 1"]);
    event_loop.close().unwrap();
}

#[test]
fn a_handler_that_panics_falls_back_to_the_default_one_with_both_failures() {
    // CPython: test_base_events.BaseEventLoopTests.test_set_exc_handler_broken (B 10)
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_exception_handler(|_, _| panic!("spam"));
    let records = logged(|| failing_callback(&event_loop));
    let [record] = &records[..] else { panic!("{records:?}") };
    assert!(record.starts_with("ASY0020: Unhandled error in exception handler"), "{record}");
    assert!(record.contains("exception: Panic: spam (at "), "{record}");
    assert!(
        record.contains("context: ASY0003: Exception in callback ") && record.contains("division by zero"),
        "{record}"
    );
    let trace = Trace::new();
    event_loop.call_soon(trace.noting("the loop goes on")).unwrap();
    tick(&event_loop);
    assert_eq!(trace.len(), 1);
    event_loop.close().unwrap();
}

#[test]
fn a_default_handler_that_panics_does_not_end_the_loop() {
    // CPython: test_base_events.BaseEventLoopTests.test_default_exc_handler_broken
    struct Unprintable;
    impl fmt::Debug for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("ham")
        }
    }
    let event_loop = EventLoop::new().unwrap();
    let (inside, trace) = (event_loop.clone(), Trace::new());
    let noted = trace.clone();
    let report = move || {
        inside.call_exception_handler(ExceptionContext::new("broken").with("value", Unprintable));
        noted.push("came back");
    };
    event_loop.call_soon(report.clone()).unwrap();
    let records = logged(|| tick(&event_loop));
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(records[0].starts_with("ASY0020: Exception in default exception handler"), "{records:?}");
    assert!(records[0].contains("ham") && records[0].contains("broken"), "{records:?}");
    // The same while a handler's own failure is being reported.
    event_loop.set_exception_handler(|_, _| panic!("spam"));
    event_loop.call_soon(report).unwrap();
    let records = logged(|| tick(&event_loop));
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(records[0].starts_with("ASY0020: Exception in default exception handler"), "{records:?}");
    assert_eq!(trace.all(), ["came back"; 2]);
    event_loop.close().unwrap();
}

#[test]
fn the_handler_of_a_failed_callback_runs_in_the_callbacks_context() {
    // CPython: test_futures2.FutureTests.test_handle_exc_handler_correct_context
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, _| noted.push(NAME.get()));
    let fails = || {
        NAME.set("bar");
        panic!("division by zero");
    };
    event_loop.call_soon(fails).unwrap();
    asyncio::copy_context().run(|| {
        NAME.set("the caller's");
        event_loop.call_soon(|| panic!("division by zero")).unwrap();
        event_loop.call_soon(fails).unwrap();
        tick(&event_loop);
    });
    assert_eq!(trace.all(), [Some("bar"), Some("the caller's"), Some("bar")]);
    event_loop.close().unwrap();
}

#[test]
fn the_handler_of_a_callback_with_an_empty_context_sees_nothing_of_whoever_runs_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, _| noted.push(NAME.get()));
    event_loop.call_soon(|| panic!("division by zero")).unwrap();
    asyncio::copy_context().run(|| {
        NAME.set("whoever runs the loop");
        tick(&event_loop);
    });
    assert_eq!(trace.all(), [Some("foo")]);
    event_loop.close().unwrap();
}

#[test]
fn the_handler_of_a_lost_task_runs_in_the_tasks_context() {
    // CPython: test_futures2.FutureTests.test_task_exc_handler_correct_context
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, context| {
        assert!(context.get::<asyncio::AnyTask>("task").is_some());
        noted.push(NAME.get());
    });
    let fails = async {
        NAME.set("bar");
        Err::<(), _>(Error::value_error("division by zero"))
    };
    drop(event_loop.create_task(fails).unwrap());
    tick(&event_loop);
    assert_eq!(trace.all(), [Some("bar")]);
    assert_eq!(NAME.get(), Some("foo"));
    event_loop.close().unwrap();
}

#[test]
fn the_handler_of_a_report_that_names_a_handle_runs_in_its_context() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, _| noted.push(NAME.get()));
    let context = asyncio::copy_context();
    context.run(|| NAME.set("the handle's"));
    let handle = event_loop.call_soon_with_context(context, || ()).unwrap();
    event_loop.call_exception_handler(ExceptionContext::new("by hand").with("handle", handle));
    event_loop.call_exception_handler(ExceptionContext::new("by hand"));
    assert_eq!(trace.all(), [Some("the handle's"), Some("foo")]);
    event_loop.close().unwrap();
}

#[test]
fn in_debug_mode_a_report_says_where_what_runs_was_created() {
    // CPython: base_events.BaseEventLoop.default_exception_handler (handle_traceback)
    let (mut near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    let event_loop = EventLoop::builder().debug(true).build().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |_, context| {
        let line = context.handle_traceback().map(std::panic::Location::line);
        assert_eq!(context.keys().contains(&"handle_traceback"), line.is_some());
        assert_eq!(context.to_string().contains("handle created at "), line.is_some(), "{context}");
        noted.push((context.message().to_owned(), line));
    });
    let report = |event_loop: &EventLoop, message| {
        let event_loop = event_loop.clone();
        move || event_loop.call_exception_handler(ExceptionContext::new(message))
    };
    let (callback, reader) = (report(&event_loop, "callback"), report(&event_loop, "reader"));
    let (task, outside) = (report(&event_loop, "task"), report(&event_loop, "outside"));
    let first = line!() + 1;
    event_loop.call_soon(callback).unwrap();
    let reads = near.try_clone().unwrap();
    let read = move || {
        std::io::Read::read_exact(&mut near, &mut [0]).unwrap();
        reader();
    };
    event_loop.add_reader(&reads, read).unwrap();
    drop(event_loop.create_task(async move { task() }).unwrap());
    std::io::Write::write_all(&mut far, b"x").unwrap();
    for _ in 0..3 {
        tick(&event_loop);
    }
    outside();
    let expected =
        [("callback", Some(first)), ("task", Some(first + 7)), ("reader", Some(first + 6)), ("outside", None)];
    assert_eq!(trace.all(), expected.map(|(message, line)| (message.to_owned(), line)));

    event_loop.set_debug(false);
    event_loop.call_soon(report(&event_loop, "without")).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all().pop(), Some(("without".to_owned(), None)));
    event_loop.close().unwrap();
}

#[test]
fn what_is_known_of_the_culprit_stands_in_place_of_what_runs() {
    let event_loop = EventLoop::builder().debug(true).build().unwrap();
    let reports = Reports::of(&event_loop);
    let event_loop_inside = event_loop.clone();
    event_loop
        .call_soon(move || {
            let failed = event_loop_inside.create_future::<()>();
            failed.set_exception(Error::value_error("nobody looks")).unwrap();
        })
        .unwrap();
    tick(&event_loop);
    assert_eq!(reports.all().len(), 1);
    assert!(reports.all()[0].ends_with(r#"["exception", "future", "source_traceback"]"#), "{:?}", reports.all());
    event_loop.close().unwrap();
}

#[test]
fn a_handler_may_replace_or_clear_itself_and_use_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop.set_exception_handler(move |event_loop, _| {
        noted.push("first");
        event_loop.call_soon(noted.noting("scheduled")).unwrap();
        let second = noted.clone();
        event_loop.set_exception_handler(move |event_loop, _| {
            event_loop.clear_exception_handler();
            second.push("second");
        });
    });
    failing_callback(&event_loop);
    failing_callback(&event_loop);
    assert_eq!(trace.all(), ["first", "scheduled", "second"]);
    assert_eq!(logged(|| failing_callback(&event_loop)).len(), 1);
    event_loop.close().unwrap();
}

#[test]
fn reports_outside_of_a_run_reach_the_handler_too() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    event_loop.call_exception_handler(ExceptionContext::new("idle"));
    assert_eq!(reports.all().len(), 1);
    event_loop.close().unwrap();
    // The handler went with the loop: what comes later is logged.
    let records = logged(|| event_loop.call_exception_handler(ExceptionContext::new("closed")));
    assert_eq!(records, ["closed"]);
    assert_eq!(reports.all().len(), 1);
}
