//! `ConcurrentFuture` between threads, without a loop.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use asyncio::{CancelledError, ConcurrentFuture, Error};

// CPython: test_concurrent_futures.test_future.FutureTests.test_cancel
// CPython: test_concurrent_futures.test_future.FutureTests.test_cancelled
// CPython: test_concurrent_futures.test_future.FutureTests.test_running
// CPython: test_concurrent_futures.test_future.FutureTests.test_done
#[test]
fn only_what_does_not_run_can_be_cancelled() {
    let future = ConcurrentFuture::<()>::new();
    assert!(!future.done() && !future.running() && !future.cancelled());
    assert!(future.cancel());
    assert!(future.done() && future.cancelled());
    assert!(future.cancel(), "it is cancelled already");
    assert!(!future.set_running_or_notify_cancel().unwrap());

    let future = ConcurrentFuture::new();
    assert!(future.set_running_or_notify_cancel().unwrap());
    assert!(future.running() && !future.done());
    assert!(!future.cancel());
    assert!(future.set_running_or_notify_cancel().is_err());
    future.set_result(1).unwrap();
    assert!(!future.running() && future.done() && !future.cancelled());
    assert!(!future.cancel());
    assert_eq!(future.result(None).unwrap(), 1);
}

// CPython: test_concurrent_futures.test_future.FutureTests.test_multiple_set_result
// CPython: test_concurrent_futures.test_future.FutureTests.test_multiple_set_exception
#[test]
fn it_is_set_once() {
    let future = ConcurrentFuture::new();
    future.set_result(1).unwrap();
    assert!(matches!(future.set_result(2), Err(Error::InvalidStateError(_))));
    assert!(matches!(future.set_exception(Error::value_error("x")), Err(Error::InvalidStateError(_))));
    assert_eq!(future.result(None).unwrap(), 1);
}

// CPython: test_concurrent_futures.test_future.FutureTests.test_result_with_timeout
// CPython: test_concurrent_futures.test_future.FutureTests.test_exception_with_timeout
#[test]
fn waiting_has_a_limit_and_the_future_outlives_it() {
    let future = ConcurrentFuture::new();
    assert!(future.result(Duration::ZERO).unwrap_err().is_timeout());
    assert!(future.exception(Duration::from_millis(1)).unwrap_err().is_timeout());
    future.set_result(()).unwrap();
    assert!(future.exception(Duration::ZERO).unwrap().is_none());
    assert!(future.result(Duration::MAX).is_ok());
}

// CPython: test_concurrent_futures.test_future.FutureTests.test_result_with_success
// CPython: test_concurrent_futures.test_future.FutureTests.test_result_with_cancel
// CPython: test_concurrent_futures.test_future.FutureTests.test_exception_with_success
#[test]
fn whoever_blocks_is_woken_by_a_result_an_error_and_a_cancel() {
    let outcomes: [fn(&ConcurrentFuture<u8>); 3] = [
        |future| future.set_result(3).unwrap(),
        |future| future.set_exception(Error::value_error("bad")).unwrap(),
        |future| assert!(future.cancel()),
    ];
    let results = outcomes.map(|set| {
        let future = ConcurrentFuture::new();
        let (waiter, (ready, is_ready)) = (future.clone(), channel());
        let waiting = thread::spawn(move || {
            ready.send(()).unwrap();
            (waiter.result(Duration::from_secs(20)), waiter.exception(None))
        });
        is_ready.recv().unwrap();
        set(&future);
        waiting.join().unwrap()
    });
    let [(value, none), (bad, error), (cancelled, raised)] = results;
    assert_eq!(value.unwrap(), 3);
    assert!(none.unwrap().is_none());
    assert!(matches!(bad, Err(Error::ValueError(_))));
    assert!(matches!(error, Ok(Some(Error::ValueError(_)))));
    assert!(cancelled.unwrap_err().is_cancelled() && raised.unwrap_err().is_cancelled());
}

// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_with_result
// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_with_exception
// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_with_cancel
// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_raises
// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_already_successful
// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_already_failed
// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_already_cancelled
// CPython: test_concurrent_futures.test_future.FutureTests.test_done_callback_raises_already_succeeded
#[test]
fn callbacks_run_once_in_their_order_and_a_panic_stops_none_of_the_others() {
    let ends: [fn(&ConcurrentFuture<u8>); 3] = [
        |future| future.set_result(3).unwrap(),
        |future| future.set_exception(Error::value_error("bad")).unwrap(),
        |future| assert!(future.cancel()),
    ];
    for end in ends {
        let future = ConcurrentFuture::new();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let note = |number: u32| {
            let calls = calls.clone();
            move |future: &ConcurrentFuture<u8>| calls.lock().unwrap().push((number, future.done()))
        };
        future.add_done_callback(note(1));
        future.add_done_callback(|_| panic!("one that is no good"));
        future.add_done_callback(note(2));
        end(&future);
        future.add_done_callback(|_| panic!("another one"));
        future.add_done_callback(note(3));
        assert_eq!(*calls.lock().unwrap(), [(1, true), (2, true), (3, true)]);
    }
}

// CPython: test_concurrent_futures.test_future.FutureTests.test_repr
#[test]
fn it_prints_its_state() {
    let future = ConcurrentFuture::new();
    assert_eq!(format!("{future:?}"), "<ConcurrentFuture pending>");
    future.set_running_or_notify_cancel().unwrap();
    assert_eq!(format!("{future:?}"), "<ConcurrentFuture running>");
    future.set_result(()).unwrap();
    assert_eq!(format!("{future:?}"), "<ConcurrentFuture finished>");
}

// CPython: test_futures.BaseFutureTests.test_wrap_future_cancel
// CPython: test_futures.BaseFutureTests.test_wrap_future_cancel2
#[asyncio::test(timeout = "20s")]
async fn a_cancel_goes_both_ways_through_wrap_future() {
    let concurrent = ConcurrentFuture::<()>::new();
    let wrapped = asyncio::wrap_future(concurrent.clone()).unwrap();
    wrapped.cancel();
    asyncio::sleep(Duration::ZERO).await;
    assert!(concurrent.cancelled());

    let concurrent = ConcurrentFuture::<()>::new();
    let wrapped = asyncio::wrap_future(concurrent.clone()).unwrap();
    concurrent.cancel();
    assert!(wrapped.await.unwrap_err().is_cancelled());

    let set = ConcurrentFuture::new();
    set.set_result(42).unwrap();
    let wrapped = asyncio::wrap_future(set).unwrap();
    wrapped.cancel();
    asyncio::sleep(Duration::ZERO).await;
    assert!(wrapped.await.unwrap_err().is_cancelled(), "the result came too late");
}

fn message_of(outcome: Result<(), Error>) -> String {
    let Err(Error::CancelledError(cancelled)) = outcome else { panic!("{outcome:?}") };
    cancelled.message().expect("it was given").to_owned()
}

#[asyncio::test(timeout = "20s")]
async fn the_message_of_a_cancel_goes_along() {
    let concurrent = ConcurrentFuture::<()>::new();
    let wrapped = asyncio::wrap_future(concurrent.clone()).unwrap();
    assert!(wrapped.cancel_with("nobody waits"));
    asyncio::sleep(Duration::ZERO).await;
    assert_eq!(message_of(concurrent.result(Duration::ZERO)), "nobody waits");

    let concurrent = ConcurrentFuture::<()>::new();
    let wrapped = asyncio::wrap_future(concurrent.clone()).unwrap();
    concurrent.set_exception(CancelledError::new("from a thread")).unwrap();
    assert_eq!(message_of(wrapped.await), "from a thread");

    let gives_up = asyncio::to_thread(|| Err::<(), _>(Error::from(CancelledError::new("no time"))));
    assert_eq!(message_of(asyncio::create_task(gives_up).await), "no time");

    // And on to the task of a coroutine for another thread.
    let (sender, receiver) = channel();
    let coroutine = async move || {
        let caught = asyncio::catch_cancelled(asyncio::sleep(Duration::from_secs(3600))).await;
        sender.send(message_of(caught.map_err(Error::from))).unwrap();
    };
    let handle = asyncio::get_running_loop().unwrap().handle();
    let wrapped = asyncio::wrap_future(asyncio::run_coroutine_threadsafe(coroutine, &handle).unwrap()).unwrap();
    asyncio::testing::until_idle().await;
    assert!(wrapped.cancel_with("enough"));
    asyncio::testing::until_idle().await;
    assert_eq!(receiver.try_recv().unwrap(), "enough");
}
