//! `run_coroutine_threadsafe`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::reports::Reports;
use asyncio::testing::until_idle;
use asyncio::{
    Error, EventLoop, LoopHandle, all_tasks, current_task, get_running_loop, run_coroutine_threadsafe, sleep, to_thread,
};

const LONG: Duration = Duration::from_secs(20);

async fn add(a: i32, b: i32) -> asyncio::Result<i32> {
    sleep(Duration::from_millis(1)).await;
    Ok(a + b)
}

/// Calls `job` with the loop's handle in a thread, and awaits it.
async fn in_thread<T, F>(job: F) -> asyncio::Result<T>
where
    T: Send + 'static,
    F: FnOnce(LoopHandle) -> asyncio::Result<T> + Send + 'static,
{
    let handle = get_running_loop()?.handle();
    to_thread(move || job(handle)).await
}

// CPython: test_tasks.RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe
#[asyncio::test(timeout = "20s")]
async fn a_coroutine_runs_on_the_loop_and_a_thread_gets_its_result() {
    let here = thread::current().id();
    let (sum, on) = in_thread(|handle| {
        let make = async || Ok::<_, Error>((add(1, 2).await?, thread::current().id()));
        run_coroutine_threadsafe(make, &handle)?.result(LONG)
    })
    .await
    .unwrap();
    assert_eq!((sum, on), (3, here));
}

#[asyncio::test(timeout = "20s")]
async fn the_maker_may_use_what_never_leaves_the_loops_thread() {
    let length = in_thread(|handle| {
        let words = vec!["a".to_owned(), "b".to_owned()];
        let make = move || {
            let words = Rc::new(RefCell::new(words));
            async move {
                sleep(Duration::ZERO).await;
                words.borrow_mut().push("c".to_owned());
                Ok::<_, Error>(words.borrow().len())
            }
        };
        run_coroutine_threadsafe(make, &handle)?.result(LONG)
    });
    assert_eq!(length.await.unwrap(), 3);
}

// CPython: test_tasks.RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_with_exception
#[asyncio::test(timeout = "20s")]
async fn the_error_and_the_panic_of_a_coroutine_reach_the_thread() {
    let outcome = in_thread(|handle| {
        run_coroutine_threadsafe(|| async { Err::<(), _>(Error::runtime_error("Fail!")) }, &handle)?.result(LONG)
    });
    assert!(outcome.await.unwrap_err().to_string().contains("Fail!"));
    let outcome = in_thread(|handle| {
        let make = async || -> asyncio::Result<()> { panic!("in the coroutine") };
        run_coroutine_threadsafe(make, &handle)?.result(LONG)
    });
    assert!(matches!(outcome.await, Err(Error::Panic(_))));
}

// CPython: test_tasks.RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_with_timeout
#[asyncio::test(timeout = "20s")]
async fn a_timeout_leaves_the_coroutine_running_and_a_cancel_ends_its_task() {
    let (future, waited) = in_thread(|handle| {
        let future = run_coroutine_threadsafe(async || sleep(Duration::from_secs(3600)).await, &handle)?;
        let waited = future.result(Duration::from_millis(1));
        Ok((future, waited.unwrap_err().is_timeout()))
    })
    .await
    .unwrap();
    assert!(waited && !future.done());
    assert_eq!(all_tasks().unwrap().len(), 2, "this test and the coroutine");
    let canceller = future.clone();
    assert!(to_thread(move || Ok::<_, Error>(canceller.cancel())).await.unwrap());
    until_idle().await;
    assert_eq!(all_tasks().unwrap().len(), 1);
    assert!(future.cancelled());
}

// CPython: test_tasks.RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_task_cancelled
#[asyncio::test(timeout = "20s")]
async fn a_task_that_is_cancelled_cancels_the_future() {
    let make = async || {
        current_task()?.expect("a task runs").cancel();
        sleep(Duration::ZERO).await;
        Ok::<_, Error>(())
    };
    let outcome = in_thread(move |handle| run_coroutine_threadsafe(make, &handle)?.result(LONG)).await;
    assert!(outcome.unwrap_err().is_cancelled());
}

// CPython: test_tasks.RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_task_factory_exception
#[asyncio::test(timeout = "20s")]
async fn a_failing_task_factory_and_a_failing_maker_reach_the_future_and_the_handler() {
    let event_loop = get_running_loop().unwrap();
    let reports = Reports::of(&event_loop);
    event_loop.set_task_factory(|_, _| panic!("no task today"));
    let outcome = in_thread(|handle| run_coroutine_threadsafe(|| async {}, &handle)?.result(LONG)).await;
    event_loop.clear_task_factory();
    assert!(outcome.unwrap_err().to_string().contains("no task today"));

    fn make() -> std::future::Ready<()> {
        panic!("no coroutine today")
    }
    let outcome = in_thread(|handle| run_coroutine_threadsafe(make, &handle)?.result(LONG)).await;
    assert!(outcome.unwrap_err().to_string().contains("no coroutine today"));
    let failures: Vec<_> = reports.all().iter().map(|report| report.exception.clone().unwrap().to_string()).collect();
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(failures[0].contains("no task today") && failures[1].contains("no coroutine today"));
    assert!(reports.all().iter().all(|report| report.source.unwrap().file().ends_with("run_coroutine_threadsafe.rs")));
}

#[asyncio::test(timeout = "20s")]
async fn to_wait_for_ones_own_loop_is_an_error_and_no_deadlock() {
    let handle = get_running_loop().unwrap().handle();
    let future = run_coroutine_threadsafe(async || add(1, 2).await, &handle).unwrap();
    for refused in [future.result(None), future.result(LONG), future.exception(None).map(|_| 0)] {
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("result() would block") && text.contains("wrap_future"), "{text}");
    }
    assert_eq!(asyncio::wrap_future(future.clone()).unwrap().await.unwrap(), 3);
    assert_eq!(future.result(None).unwrap(), 3, "what is done does not block");
}

#[test]
fn another_loops_thread_may_wait() {
    let (send, handles) = channel();
    let serving = thread::spawn(move || {
        let event_loop = EventLoop::new().unwrap();
        send.send(event_loop.handle()).unwrap();
        event_loop.run_forever().unwrap();
        event_loop.close().unwrap();
    });
    let handle = handles.recv().unwrap();
    let other = handle.clone();
    let sum = asyncio::run(async move { run_coroutine_threadsafe(async || add(20, 22).await, &other)?.result(LONG) });
    assert_eq!(sum.unwrap(), 42);
    handle.call_soon_threadsafe(|| get_running_loop().unwrap().stop()).unwrap();
    serving.join().unwrap();
}

#[test]
fn a_closed_loop_refuses() {
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    event_loop.close().unwrap();
    let refused = run_coroutine_threadsafe(|| async {}, &handle).unwrap_err();
    assert!(refused.to_string().contains("closed"), "{refused}");
}

#[test]
fn a_loop_that_is_closed_too_early_leaves_no_thread_waiting() {
    for ticks in 0..3 {
        let event_loop = EventLoop::new().unwrap();
        event_loop.set_exception_handler(|_, _| {});
        let future = run_coroutine_threadsafe(std::future::pending::<()>, &event_loop.handle()).unwrap();
        let waiter = future.clone();
        let waiting = thread::spawn(move || waiter.result(LONG));
        for _ in 0..ticks {
            event_loop.stop();
            event_loop.run_forever().unwrap();
        }
        event_loop.close().unwrap();
        let error = waiting.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("closed before the coroutine was done"), "after {ticks} ticks: {error}");
    }
}

#[test]
fn a_cancel_before_the_loop_comes_to_it_keeps_the_coroutine_from_being_made() {
    let event_loop = EventLoop::new().unwrap();
    let made = Arc::new(Mutex::new(false));
    let make = {
        let made = made.clone();
        move || {
            *made.lock().unwrap() = true;
            async {}
        }
    };
    let future = run_coroutine_threadsafe(make, &event_loop.handle()).unwrap();
    assert!(future.cancel());
    event_loop.run_until_complete(async { sleep(Duration::ZERO).await }).unwrap();
    assert!(!*made.lock().unwrap());
    event_loop.close().unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_while_the_coroutine_is_suspended_lets_it_clean_up() {
    let (cleaned, was_cleaned) = channel();
    let future = in_thread(move |handle| {
        let make = async move || {
            let caught = asyncio::catch_cancelled(sleep(Duration::from_secs(3600))).await;
            sleep(Duration::ZERO).await;
            cleaned.send(caught.is_err()).unwrap();
        };
        run_coroutine_threadsafe(make, &handle)
    })
    .await
    .unwrap();
    sleep(Duration::ZERO).await;
    assert!(future.cancel(), "the loop's own thread may cancel, too");
    assert!(to_thread(move || was_cleaned.recv().map_err(Error::other)).await.unwrap());
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_in_the_tick_of_the_completion_is_too_late_or_in_time_but_never_both() {
    let handle = get_running_loop().unwrap().handle();
    for ticks in 0..6 {
        let ended = Arc::new(Mutex::new(false));
        let end = ended.clone();
        let make = async move || {
            sleep(Duration::ZERO).await;
            *end.lock().unwrap() = true;
        };
        let future = run_coroutine_threadsafe(make, &handle).unwrap();
        for _ in 0..ticks {
            sleep(Duration::ZERO).await;
        }
        let cancelled = future.cancel();
        until_idle().await;
        assert_eq!(future.cancelled(), cancelled);
        assert!(cancelled || *ended.lock().unwrap());
        assert_eq!(all_tasks().unwrap().len(), 1, "after {ticks} ticks");
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_that_comes_too_late_does_not_hit_what_came_after() {
    let handle = get_running_loop().unwrap().handle();
    for ticks in 0..6 {
        let first = run_coroutine_threadsafe(async || (), &handle).unwrap();
        for _ in 0..ticks {
            sleep(Duration::ZERO).await;
        }
        // After three ticks the first task is done, and the loop has not heard of it yet.
        let second = run_coroutine_threadsafe(async || add(1, 2).await, &handle).unwrap();
        first.cancel();
        assert_eq!(asyncio::wrap_future(second).unwrap().await.unwrap(), 3, "after {ticks} ticks");
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_task_can_be_made_into_the_future_of_a_thread() {
    let ran = Rc::new(Cell::new(0));
    thread_local!(static RAN: RefCell<Option<Rc<Cell<i32>>>> = const { RefCell::new(None) });
    RAN.set(Some(ran.clone()));
    let value = in_thread(|handle| {
        let make = || {
            let ran = RAN.take().expect("this is the loop's thread");
            asyncio::create_task(async move {
                ran.set(1);
                Ok::<_, Error>(9)
            })
        };
        run_coroutine_threadsafe(make, &handle)?.result(LONG)
    });
    assert_eq!(value.await.unwrap(), 9);
    assert_eq!(ran.get(), 1);
}
