//! `get_running_loop`, `get_event_loop`, `set_event_loop`, `new_event_loop`, loop factories and the policy.

use std::cell::Cell;
use std::sync::Arc;

use asyncio::{Error, EventLoop, Runner, get_event_loop, get_running_loop, new_event_loop, set_event_loop};

use crate::support::ticks::{Dropped, Trace, tick};

fn refused(result: asyncio::Result<EventLoop>) -> bool {
    matches!(result, Err(Error::RuntimeError(_)))
}

#[test]
fn there_is_a_running_loop_inside_of_callbacks_and_coroutines_only() {
    // CPython: test_events.GetEventLoopTestsMixin.test_get_event_loop_returns_running_loop2, test_runners
    assert!(refused(get_running_loop()) && refused(get_event_loop()));
    let event_loop = new_event_loop().unwrap();
    assert!(refused(get_running_loop()), "a new loop does not run");
    let trace = Trace::new();
    let (expected, noted) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || noted.push(get_running_loop().unwrap() == expected)).unwrap();
    let (expected, noted) = (event_loop.clone(), trace.clone());
    event_loop.run_until_complete(async move { noted.push(get_running_loop().unwrap() == expected) }).unwrap();
    assert_eq!(trace.all(), [true, true]);
    assert!(refused(get_running_loop()));
    event_loop.close().unwrap();
}

#[test]
fn the_error_says_what_to_do() {
    let error = get_running_loop().unwrap_err().to_string();
    assert!(error.contains("no event loop is running") && error.contains("asyncio::run"), "{error}");
    let error = get_event_loop().unwrap_err().to_string();
    assert!(error.contains("set_event_loop"), "{error}");
}

#[test]
fn a_new_loop_is_not_the_current_one() {
    // CPython: test_events.PolicyTests.test_new_event_loop
    let event_loop = new_event_loop().unwrap();
    assert!(refused(get_event_loop()));
    event_loop.close().unwrap();
}

#[test]
fn set_event_loop_makes_it_the_current_one_of_this_thread() {
    // CPython: test_events.PolicyTests.test_set_event_loop, test_get_event_loop_after_set_none, test_get_event_loop_thread
    let event_loop = new_event_loop().unwrap();
    set_event_loop(Some(event_loop.clone()));
    assert!(get_event_loop().unwrap() == event_loop);
    assert!(refused(get_running_loop()), "it is current and does not run");
    assert!(std::thread::spawn(|| get_event_loop().is_err()).join().unwrap(), "other threads have their own");
    let second = new_event_loop().unwrap();
    set_event_loop(Some(second.clone()));
    assert!(get_event_loop().unwrap() == second);
    set_event_loop(None);
    assert!(refused(get_event_loop()));
    event_loop.close().unwrap();
    second.close().unwrap();
}

#[test]
fn the_running_loop_comes_before_the_current_one() {
    // CPython: test_events.GetEventLoopTestsMixin.test_get_event_loop_returns_running_loop
    let (running, current) = (new_event_loop().unwrap(), new_event_loop().unwrap());
    set_event_loop(Some(current.clone()));
    let trace = Trace::new();
    let (expected, noted) = (running.clone(), trace.clone());
    running
        .call_soon(move || {
            noted.push(get_event_loop().unwrap() == expected);
            set_event_loop(None);
            noted.push(get_event_loop().unwrap() == expected);
        })
        .unwrap();
    tick(&running);
    assert_eq!(trace.all(), [true, true]);
    assert!(refused(get_event_loop()));
    running.close().unwrap();
    current.close().unwrap();
}

#[test]
fn a_future_belongs_to_the_running_loop_or_else_to_the_current_one() {
    // CPython: test_futures.BaseFutureTests.test_constructor_without_loop, …_use_running_loop, …_use_global_loop
    assert!(matches!(asyncio::Future::<()>::new(), Err(Error::RuntimeError(_))));
    let (running, current) = (new_event_loop().unwrap(), new_event_loop().unwrap());
    set_event_loop(Some(current.clone()));
    assert!(asyncio::Future::<()>::new().unwrap().get_loop().unwrap() == current);
    let expected = running.clone();
    let right = running
        .run_until_complete(async move { Ok::<_, Error>(asyncio::Future::<()>::new()?.get_loop()? == expected) });
    assert!(right.unwrap());
    set_event_loop(None);
    running.close().unwrap();
    current.close().unwrap();
}

#[test]
fn a_current_loop_is_closed_when_its_thread_ends() {
    static ONCE: asyncio::ContextVar<u8> = asyncio::ContextVar::new("once");
    let handle = std::thread::spawn(|| {
        let event_loop = EventLoop::builder().debug(true).build().unwrap();
        ONCE.set(1);
        event_loop.call_soon(|| ()).unwrap();
        event_loop.call_later(std::time::Duration::from_secs(60), || ()).unwrap();
        drop(event_loop.create_task(asyncio::sleep(std::time::Duration::from_secs(60))).unwrap());
        tick(&event_loop);
        event_loop.create_future::<()>().set_exception(Error::value_error("lost")).unwrap();
        let handle = event_loop.handle();
        set_event_loop(Some(event_loop));
        handle
    });
    assert!(handle.join().unwrap().is_closed());
}

#[test]
fn a_loop_that_is_replaced_as_current_goes_if_nobody_else_has_it() {
    let trace = Trace::new();
    let event_loop = new_event_loop().unwrap();
    let captured = Dropped(trace.clone(), "closed");
    event_loop.call_soon(move || drop(captured)).unwrap();
    set_event_loop(Some(event_loop));
    assert!(trace.all().is_empty());
    set_event_loop(None);
    assert_eq!(trace.all(), ["closed"]);
}

#[test]
fn a_runner_sets_the_current_loop_unless_it_has_a_factory() {
    // CPython: test_runners.RunnerTests.test_custom_factory, test_set_event_loop_called_once
    let mut runner = Runner::new();
    let event_loop = runner.get_loop().unwrap();
    assert!(get_event_loop().unwrap() == event_loop);
    runner.close().unwrap();
    assert!(event_loop.is_closed());
    assert!(refused(get_event_loop()), "and takes it back");
    let made = EventLoop::builder().debug(true).build().unwrap();
    let expected = made.clone();
    let mut runner = Runner::builder().loop_factory(move || Ok(made)).build();
    assert!(runner.get_loop().unwrap() == expected);
    assert!(refused(get_event_loop()));
    runner.close().unwrap();
    assert!(expected.is_closed());
    // CPython: test_runners …loop_factory=asyncio.EventLoop
    let mut runner = Runner::builder().loop_factory(asyncio::SelectorEventLoop::new).build();
    assert_eq!(runner.run(async { Ok::<_, Error>(1) }).unwrap(), 1);
    runner.close().unwrap();
}

#[test]
fn a_factory_that_fails_fails_the_run() {
    let mut runner = Runner::builder().loop_factory(|| Err(Error::value_error("no loop today"))).build();
    assert!(matches!(runner.run(async {}), Err(Error::ValueError(_))));
    runner.close().unwrap();
}

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// Makes plain loops, and counts those of this thread: tests of other threads meet this policy too.
struct Counting;

#[expect(deprecated, reason = "policies are deprecated, and kept")]
impl asyncio::EventLoopPolicy for Counting {
    fn new_event_loop(&self) -> asyncio::Result<EventLoop> {
        MADE.set(MADE.get() + 1);
        EventLoop::new()
    }
}

#[test]
#[expect(deprecated, reason = "policies are deprecated, and kept")]
fn a_policy_makes_the_loops_of_the_process() {
    // CPython: test_events.PolicyTests.test_get_event_loop_policy, test_set_event_loop_policy, test_event_loop_policy
    assert!(asyncio::get_event_loop_policy::<Counting>().is_none());
    asyncio::set_event_loop_policy(Some(Counting));
    let policy: Arc<Counting> = asyncio::get_event_loop_policy().unwrap();
    assert!(Arc::ptr_eq(&policy, &asyncio::get_event_loop_policy().unwrap()));
    new_event_loop().unwrap().close().unwrap();
    asyncio::run(async {}).unwrap();
    assert_eq!(MADE.get(), 2);
    asyncio::set_event_loop_policy(None::<Counting>);
    assert!(asyncio::get_event_loop_policy::<Counting>().is_none());
    new_event_loop().unwrap().close().unwrap();
    assert_eq!(MADE.get(), 2);
}
