//! The states of a future: `set_result`, `set_exception`, `result`, `exception`, `done`, `get_loop`.

use asyncio::{Error, EventLoop, Future, isfuture};

use crate::support::net::running;

fn invalid_state<T>(result: asyncio::Result<T>, text: &str) {
    match result {
        Err(Error::InvalidStateError(error)) => assert!(error.to_string().contains(text), "{error}"),
        Err(other) => panic!("{other} is no InvalidStateError"),
        Ok(_) => panic!("it did not fail"),
    }
}

#[asyncio::test]
async fn a_new_future_is_pending() {
    // CPython: test_futures.BaseFutureTests.test_initial_state, FutureTests.test_future_source_traceback
    let line = line!() + 1;
    let future: Future<u8> = running().create_future();
    assert!(!future.done() && !future.cancelled());
    invalid_state(future.result(), "the result is not set yet");
    invalid_state(future.exception(), "the exception is not set yet");
    assert!(future.get_loop().unwrap() == running());
    assert_eq!(format!("{future:?}").split(':').nth(1).unwrap(), line.to_string());
    assert!(format!("{future:?}").starts_with("<Future pending created at "));
}

#[asyncio::test]
async fn a_result_is_set_once_and_read_any_number_of_times() {
    // CPython: test_futures.BaseFutureTests.test_result
    let future = running().create_future();
    future.set_result("first").unwrap();
    assert!(future.done() && !future.cancelled());
    for _ in 0..2 {
        assert_eq!(future.result().unwrap(), "first");
        assert!(future.exception().unwrap().is_none());
    }
    invalid_state(future.set_result("second"), "has its result already");
    invalid_state(future.set_exception(Error::value_error("late")), "has its result already");
    assert!(!future.cancel());
    assert_eq!(future.result().unwrap(), "first", "nothing has changed");
    assert!(format!("{future:?}").starts_with("<Future finished "));
}

#[asyncio::test]
async fn an_exception_is_set_once_and_read_any_number_of_times() {
    // CPython: test_futures.BaseFutureTests.test_exception
    let future: Future<()> = running().create_future();
    future.set_exception(Error::value_error("the cause")).unwrap();
    assert!(future.done() && !future.cancelled());
    for _ in 0..2 {
        assert_eq!(future.result().unwrap_err().to_string(), "ValueError: the cause");
        assert_eq!(future.exception().unwrap().unwrap().to_string(), "ValueError: the cause");
    }
    invalid_state(future.set_result(()), "has its result already");
    invalid_state(future.set_exception(Error::value_error("second")), "has its result already");
    assert!(!future.cancel());
    assert_eq!(future.result().unwrap_err().to_string(), "ValueError: the cause");
    assert!(format!("{future:?}").starts_with("<Future failed "));
}

#[asyncio::test]
async fn any_error_can_be_set_and_comes_back_as_it_was() {
    // CPython: test_futures.BaseFutureTests.test_exception_class; StopIteration has no special place here.
    let future: Future<()> = running().create_future();
    future.set_exception(std::io::Error::from(std::io::ErrorKind::NotFound)).unwrap();
    assert_eq!(future.result().unwrap_err().io_kind(), Some(std::io::ErrorKind::NotFound));
    let future: Future<()> = running().create_future();
    future.set_exception(Error::other("7x".parse::<u8>().unwrap_err())).unwrap();
    assert!(future.await.unwrap_err().downcast_ref::<std::num::ParseIntError>().is_some());
}

#[asyncio::test]
async fn a_cancelled_future_has_neither() {
    // CPython: test_futures.BaseFutureTests.test_cancel
    let future: Future<u8> = running().create_future();
    assert!(future.cancel());
    assert!(future.done() && future.cancelled());
    assert!(future.result().unwrap_err().is_cancelled());
    assert!(future.exception().unwrap_err().is_cancelled());
    invalid_state(future.set_result(1), "was cancelled already");
    invalid_state(future.set_exception(Error::value_error("late")), "was cancelled already");
    assert!(!future.cancel(), "a second time is no cancel");
    assert!(format!("{future:?}").starts_with("<Future cancelled "));
}

#[asyncio::test]
async fn a_result_need_not_be_clonable_to_be_set_or_looked_at() {
    struct Unique;
    let future = running().create_future();
    future.set_result(Unique).unwrap();
    assert!(future.done() && future.exception().unwrap().is_none());
}

#[asyncio::test]
async fn clones_are_one_future_and_two_futures_are_not_equal() {
    let future: Future<()> = running().create_future();
    let (clone, other) = (future.clone(), running().create_future());
    assert!(future == clone && future != other);
    clone.set_result(()).unwrap();
    assert!(future.done() && !other.done());
}

#[asyncio::test]
async fn futures_and_tasks_are_futures() {
    // CPython: test_futures.BaseFutureTests.test_isfuture
    let future: Future<()> = running().create_future();
    let task = asyncio::create_task(async {});
    assert!(isfuture(&future) && isfuture(&task) && isfuture(&task.as_any()));
    fn state(future: &impl asyncio::FutureLike) -> (bool, bool) {
        (future.done(), future.cancelled())
    }
    assert_eq!((state(&future), state(&task), state(&task.as_any())), ((false, false), (false, false), (false, false)));
    assert!(asyncio::FutureLike::cancel(&future) && asyncio::FutureLike::cancel(&task));
    assert_eq!(state(&future), (true, true));
}

#[asyncio::test]
async fn ensure_future_makes_a_task_of_what_is_none() {
    // CPython: test_futures.DuckTests.test_ensure_future, test_tasks ensure_future cases
    let task = asyncio::ensure_future(async { Ok::<_, Error>(1) }).unwrap();
    assert!(task.get_loop().unwrap() == running());
    assert_eq!(task.await.unwrap(), 1);
    let future = running().create_future();
    let task = asyncio::ensure_future(future.clone()).unwrap();
    future.set_result(2).unwrap();
    assert_eq!(task.await.unwrap(), 2);
}

#[test]
fn ensure_future_needs_a_running_loop_and_drops_what_it_cannot_run() {
    let trace = crate::support::ticks::Trace::new();
    let captured = crate::support::ticks::Dropped(trace.clone(), "dropped");
    let refused = asyncio::ensure_future(async move { drop(captured) });
    assert!(matches!(refused, Err(Error::RuntimeError(_))));
    assert_eq!(trace.all(), ["dropped"]);
}

#[test]
fn a_future_knows_its_loop_while_that_does_not_run() {
    let event_loop = EventLoop::new().unwrap();
    let future: Future<()> = event_loop.create_future();
    assert!(future.get_loop().unwrap() == event_loop);
    event_loop.close().unwrap();
}
