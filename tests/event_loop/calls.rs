//! `call_soon` and `Handle`.

use std::cell::Cell;
use std::rc::Rc;

use asyncio::{Context, ContextVar, EventLoop, copy_context};

use crate::support::ticks::{Dropped, Trace, tick};

static USER: ContextVar<&str> = ContextVar::new("user");

#[test]
fn callbacks_run_once_each_in_the_order_of_the_calls() {
    // CPython: test_events.EventLoopTestsMixin.test_call_soon, test_base_events.BaseEventLoopTests.test_call_soon
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    for name in ["one", "two", "three"] {
        let handle = event_loop.call_soon(trace.noting(name)).unwrap();
        assert!(!handle.cancelled());
    }
    tick(&event_loop);
    tick(&event_loop);
    assert_eq!(trace.all(), ["one", "two", "three"]);
    event_loop.close().unwrap();
}

#[test]
fn a_cancelled_callback_does_not_run_and_what_it_captured_goes_at_once() {
    // CPython: test_events.HandleTests.test_handle, test_base_events.BaseEventLoopTests.test__add_callback_cancelled_handle
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let captured = Dropped(trace.clone(), "dropped");
    let handle = event_loop
        .call_soon(move || {
            drop(captured);
            unreachable!("it was cancelled");
        })
        .unwrap();
    assert!(!handle.cancelled());
    handle.cancel();
    assert!(handle.cancelled());
    assert_eq!(trace.all(), ["dropped"]);
    handle.cancel();
    assert!(handle.cancelled(), "a second time is harmless");
    tick(&event_loop);
    event_loop.close().unwrap();
}

#[test]
fn a_callback_can_cancel_a_later_one_of_its_own_batch() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let victim = Rc::new(Cell::new(None::<asyncio::Handle>));
    let chosen = victim.clone();
    event_loop.call_soon(move || chosen.take().unwrap().cancel()).unwrap();
    let handle = event_loop.call_soon(trace.noting("cancelled")).unwrap();
    victim.set(Some(handle.clone()));
    event_loop.call_soon(trace.noting("kept")).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["kept"]);
    assert!(handle.cancelled());
    event_loop.close().unwrap();
}

#[test]
fn cancelled_stays_false_for_what_has_run() {
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.call_soon(|| ()).unwrap();
    tick(&event_loop);
    assert!(!handle.cancelled());
    handle.cancel();
    assert!(!handle.cancelled(), "it is too late");
    event_loop.close().unwrap();
}

#[test]
fn dropping_a_handle_changes_nothing() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    drop(event_loop.call_soon(trace.noting("ran")));
    tick(&event_loop);
    assert_eq!(trace.all(), ["ran"]);
    event_loop.close().unwrap();
}

#[test]
fn a_callback_runs_in_a_copy_of_the_context_of_the_call() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    Context::new().run(|| {
        USER.set("ada");
        let noted = trace.clone();
        let handle = event_loop
            .call_soon(move || {
                noted.push(USER.get());
                USER.set("changed by the callback");
            })
            .unwrap();
        USER.set("changed by the caller");
        tick(&event_loop);
        assert_eq!(trace.all(), [Some("ada")]);
        assert_eq!(USER.get(), Some("changed by the caller"), "the copy is the callback's own");
        assert_eq!(handle.get_context().run(|| USER.get()), Some("changed by the callback"));
    });
    event_loop.close().unwrap();
}

#[test]
fn a_callback_of_an_empty_context_has_one_of_its_own_all_the_same() {
    // CPython: Handle.get_context returns the very context that the callback ran in.
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    let handle = event_loop
        .call_soon(move || {
            noted.push(USER.get());
            USER.set("set inside");
        })
        .unwrap();
    handle.get_context().run(|| USER.set("set before"));
    tick(&event_loop);
    assert_eq!(trace.all(), [Some("set before")]);
    assert_eq!(handle.get_context().run(|| USER.get()), Some("set inside"));
    let handle = event_loop.call_soon(|| drop(USER.set("set inside"))).unwrap();
    tick(&event_loop);
    assert_eq!(handle.get_context().run(|| USER.get()), Some("set inside"));
    assert_eq!(USER.get(), None, "nothing leaks out");
    event_loop.close().unwrap();
}

#[test]
fn a_context_that_is_given_is_shared() {
    // CPython: test_base_events / test_events: call_soon(…, context=…)
    let event_loop = EventLoop::new().unwrap();
    let context = copy_context();
    context.run(|| USER.set("ada"));
    let trace = Trace::new();
    let noted = trace.clone();
    let first = move || {
        noted.push(USER.get());
        USER.set("grace");
    };
    let noted = trace.clone();
    event_loop.call_soon_with_context(context.clone(), first).unwrap();
    let second = event_loop.call_soon_with_context(context.clone(), move || noted.push(USER.get())).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), [Some("ada"), Some("grace")]);
    assert_eq!(context.run(|| USER.get()), Some("grace"));
    assert_eq!(second.get_context().run(|| USER.get()), Some("grace"));
    assert_eq!(USER.get(), None);
    event_loop.close().unwrap();
}

#[test]
fn a_handle_says_what_it_is_and_where_it_was_made() {
    // CPython: test_events.HandleTests.test_handle_repr_debug, test_handle_source_traceback
    let event_loop = EventLoop::new().unwrap();
    let line = line!() + 1;
    let handle = event_loop.call_soon(|| ()).unwrap();
    assert_eq!((handle.location().file(), handle.location().line()), (file!(), line));
    let text = format!("{handle:?}");
    assert!(text.starts_with("<Handle ") && text.contains("a_handle_says_what_it_is"), "{text}");
    assert!(text.contains(&format!("created at {}:{line}", file!())), "{text}");
    handle.cancel();
    let text = format!("{handle:?}");
    assert!(text.starts_with("<Handle cancelled ") && text.contains("a_handle_says_what_it_is"), "{text}");
    event_loop.close().unwrap();
}

#[test]
fn handles_of_one_callback_are_equal_and_of_two_are_not() {
    let event_loop = EventLoop::new().unwrap();
    let (one, two) = (event_loop.call_soon(|| ()).unwrap(), event_loop.call_soon(|| ()).unwrap());
    assert!(one == one.clone() && one != two);
    event_loop.close().unwrap();
}
