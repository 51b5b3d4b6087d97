//! `add_done_callback` and `remove_done_callback`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{CallbackId, ContextVar, Error, EventLoop, Future, copy_context};

use crate::support::reports::{Report, Reports};
use crate::support::ticks::{Dropped, Trace, tick};

static USER: ContextVar<&str> = ContextVar::new("user");

fn loop_and_future() -> (EventLoop, Future<&'static str>, Trace<&'static str>) {
    let event_loop = EventLoop::new().unwrap();
    let future = event_loop.create_future();
    (event_loop, future, Trace::new())
}

/// Adds a callback that notes its name.
fn noting(future: &Future<&'static str>, trace: &Trace<&'static str>, name: &'static str) -> CallbackId {
    let noted = trace.clone();
    future.add_done_callback(move |_| noted.push(name))
}

#[test]
fn callbacks_get_the_future_through_the_ready_queue_in_their_order() {
    // CPython: test_futures.BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_result
    let (event_loop, future, trace) = loop_and_future();
    for _ in 0..2 {
        let (noted, expected) = (trace.clone(), future.clone());
        future.add_done_callback(move |done| {
            assert!(*done == expected);
            noted.push(done.result().unwrap());
        });
    }
    noting(&future, &trace, "third");
    tick(&event_loop);
    assert!(trace.all().is_empty());
    future.set_result("result").unwrap();
    trace.push("the caller goes on first");
    tick(&event_loop);
    assert_eq!(trace.all(), ["the caller goes on first", "result", "result", "third"]);
    tick(&event_loop);
    assert_eq!(trace.len(), 4, "once each");
    event_loop.close().unwrap();
}

#[test]
fn they_are_called_for_an_exception_and_for_a_cancel_too() {
    // CPython: test_futures.BaseFutureDoneCallbackTests.test_callbacks_invoked_on_set_exception
    let (event_loop, failed, trace) = loop_and_future();
    let noted = trace.clone();
    failed.add_done_callback(move |done| {
        assert_eq!(done.exception().unwrap().unwrap().to_string(), "ValueError: no");
        noted.push("failed");
    });
    failed.set_exception(Error::value_error("no")).unwrap();
    let cancelled: Future<()> = event_loop.create_future();
    let noted = trace.clone();
    cancelled.add_done_callback(move |done| {
        assert!(done.cancelled());
        noted.push("cancelled");
    });
    cancelled.cancel();
    assert!(trace.all().is_empty(), "never from inside of the call");
    tick(&event_loop);
    assert_eq!(trace.all(), ["failed", "cancelled"]);
    event_loop.close().unwrap();
}

#[test]
fn on_a_future_that_is_done_a_callback_is_scheduled_at_once() {
    let (event_loop, future, trace) = loop_and_future();
    future.set_result("done").unwrap();
    noting(&future, &trace, "first");
    noting(&future, &trace, "second");
    trace.push("the caller");
    tick(&event_loop);
    assert_eq!(trace.all(), ["the caller", "first", "second"]);
    event_loop.close().unwrap();
}

#[test]
fn a_callback_that_was_removed_is_not_called_and_what_it_captured_goes_at_once() {
    // CPython: test_futures.BaseFutureDoneCallbackTests.test_remove_done_callback; by its number, see differences.md.
    let (event_loop, future, trace) = loop_and_future();
    let captured = Dropped(trace.clone(), "dropped");
    let one = future.add_done_callback(move |_| drop(captured));
    noting(&future, &trace, "two");
    let three = noting(&future, &trace, "three");
    assert!(future.remove_done_callback(one));
    assert_eq!(trace.all(), ["dropped"]);
    assert!(!future.remove_done_callback(one), "it is gone");
    assert!(future.remove_done_callback(three));
    future.set_result("result").unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["dropped", "two"]);
    event_loop.close().unwrap();
}

#[test]
fn any_of_several_can_be_removed() {
    // CPython: test_futures.BaseFutureDoneCallbackTests.test_callbacks_remove_first_callback, …first_and_second…, …third…
    let names = ["one", "two", "three"];
    for removed in [&[0][..], &[0, 1], &[2], &[0, 1, 2]] {
        let (event_loop, future, trace) = loop_and_future();
        let ids = names.map(|name| noting(&future, &trace, name));
        for index in removed {
            assert!(future.remove_done_callback(ids[*index]));
        }
        future.set_result("result").unwrap();
        tick(&event_loop);
        let left: Vec<_> = (0..3).filter(|index| !removed.contains(index)).map(|index| names[index]).collect();
        assert_eq!(trace.all(), left);
        event_loop.close().unwrap();
    }
}

#[test]
fn completing_schedules_what_was_there_and_removing_comes_too_late() {
    // CPython: test_futures.BaseFutureDoneCallbackTests.test_schedule_callbacks_list_mutation_1 (B 11), …mutation_2
    let (event_loop, future, trace) = loop_and_future();
    let later: Rc<Cell<Option<CallbackId>>> = Rc::default();
    let (chosen, noted, subject) = (later.clone(), trace.clone(), future.clone());
    future.add_done_callback(move |_| {
        let removed = subject.remove_done_callback(chosen.take().unwrap());
        noted.push(if removed { "removed" } else { "too late to remove" });
    });
    later.set(Some(noting(&future, &trace, "called all the same")));
    future.set_result("result").unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["too late to remove", "called all the same"]);
    event_loop.close().unwrap();
}

#[test]
fn removing_from_inside_of_a_removal_is_harmless() {
    // CPython: test_futures.BaseFutureDoneCallbackTests.test_remove_done_callbacks_list_mutation, …list_clear: there an
    // __eq__ changes the list while it is searched; here it is a destructor that does.
    struct Removes(Future<&'static str>, Rc<RefCell<Vec<CallbackId>>>);
    impl Drop for Removes {
        fn drop(&mut self) {
            for id in self.1.take() {
                self.0.remove_done_callback(id);
            }
            self.0.add_done_callback(|_| ());
        }
    }
    let (event_loop, future, trace) = loop_and_future();
    let others = Rc::new(RefCell::new(vec![noting(&future, &trace, "one")]));
    let captured = Removes(future.clone(), others.clone());
    let first = future.add_done_callback(move |_| drop(captured));
    others.borrow_mut().push(noting(&future, &trace, "two"));
    assert!(future.remove_done_callback(first));
    future.set_result("result").unwrap();
    tick(&event_loop);
    assert!(trace.all().is_empty());
    event_loop.close().unwrap();
}

#[test]
fn a_callback_may_set_other_futures_and_add_callbacks_to_its_own() {
    let (event_loop, future, trace) = loop_and_future();
    let other = event_loop.create_future();
    noting(&other, &trace, "the other one");
    let (setter, noted) = (other.clone(), trace.clone());
    future.add_done_callback(move |done| {
        setter.set_result("set").unwrap();
        noting(done, &noted, "added by a callback");
        noted.push("the callback");
    });
    future.set_result("result").unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["the callback"], "nothing runs inside of it");
    tick(&event_loop);
    assert_eq!(trace.all(), ["the callback", "the other one", "added by a callback"]);
    event_loop.close().unwrap();
}

#[test]
fn a_callback_runs_in_a_copy_of_the_context_of_the_call_or_in_the_one_that_is_given() {
    // CPython: test_futures: add_done_callback(…, context=…)
    let (event_loop, future, _) = loop_and_future();
    let trace = Trace::new();
    let noting = || {
        let noted = trace.clone();
        move |_: &Future<&'static str>| {
            noted.push(USER.get());
            USER.set("changed");
        }
    };
    let given = copy_context();
    given.run(|| USER.set("given"));
    future.add_done_callback(noting());
    copy_context().run(|| {
        USER.set("adder");
        future.add_done_callback(noting());
        future.add_done_callback_with_context(given.clone(), noting());
        USER.set("later");
    });
    copy_context().run(|| {
        USER.set("setter");
        future.set_result("result").unwrap();
    });
    tick(&event_loop);
    assert_eq!(trace.all(), [None, Some("adder"), Some("given")]);
    assert_eq!(given.run(|| USER.get()), Some("changed"));
    event_loop.close().unwrap();
}

#[test]
fn tasks_and_callbacks_are_told_in_the_order_in_which_they_came() {
    let (event_loop, future, trace) = loop_and_future();
    noting(&future, &trace, "callback 1");
    let (awaited, noted) = (future.clone(), trace.clone());
    drop(event_loop.create_task(async move { noted.push(awaited.await.unwrap()) }).unwrap());
    tick(&event_loop);
    noting(&future, &trace, "callback 2");
    future.set_result("task").unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["callback 1", "task", "callback 2"]);
    event_loop.close().unwrap();
}

#[asyncio::test]
async fn a_callback_that_panics_is_reported_by_its_own_name_and_line() {
    let reports = Reports::here();
    let future = Future::new().unwrap();
    let task = asyncio::create_task(async {});
    let lines = [line!() + 1, line!() + 2];
    future.add_done_callback(|_| panic!("of the future"));
    task.add_done_callback(|_| panic!("of the task"));
    future.set_result(()).unwrap();
    asyncio::sleep(Duration::ZERO).await;
    asyncio::sleep(Duration::ZERO).await;
    let all = reports.all();
    let own = |report: &Report| report.message.contains("a_callback_that_panics_is_reported_by_its_own_name_and_line");
    assert!(all.iter().all(own), "{all:#?}");
    let reported: Vec<u32> = all.iter().map(|report| report.source.unwrap().line()).collect();
    assert_eq!(reported, lines);
}
