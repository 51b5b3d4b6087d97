//! The end of a pool.

use asyncio::{Error, ShutdownOptions};

use super::{LONG, double, gone, pool, process_id, runs_for_ever, seen, sign};

#[asyncio::remote]
fn takes_a_moment() -> asyncio::Result<u32> {
    std::thread::sleep(std::time::Duration::from_millis(50));
    process_id()
}

// CPython: test_concurrent_futures.test_shutdown.ProcessPoolShutdownTest.test_processes_terminate
#[asyncio::test]
async fn after_a_shutdown_the_processes_are_gone() {
    let pool = pool(3);
    let futures: Vec<_> = (0..6).map(|_| pool.submit(takes_a_moment.call()).unwrap()).collect();
    pool.shutdown().unwrap();
    for future in futures {
        let worker = future.result(None).unwrap();
        assert!(!super::lives(worker), "{worker} is gone, and reaped");
    }
    pool.shutdown().unwrap();
}

// CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_run_after_shutdown
#[asyncio::test]
async fn a_pool_that_was_shut_down_takes_no_calls() {
    let pool = pool(1);
    pool.shutdown().unwrap();
    let refused = pool.submit(double.call(1)).unwrap_err();
    assert!(matches!(refused, Error::RuntimeError(text) if text.as_str().contains("was shut down")));
    let refused = double.on(&pool)(1).await.unwrap_err();
    assert!(matches!(refused, Error::RuntimeError(_)));
}

// CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_hang_issue12364
#[asyncio::test]
async fn a_shutdown_waits_for_what_was_submitted() {
    let pool = pool(2);
    let futures: Vec<_> = (0..50).map(|number| pool.submit(double.call(number)).unwrap()).collect();
    pool.shutdown().unwrap();
    for (number, future) in (0..).zip(futures) {
        assert!(future.done());
        assert_eq!(future.result(None).unwrap(), number * 2);
    }
}

// CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_cancel_futures
#[asyncio::test]
async fn a_shutdown_may_cancel_what_has_not_begun() {
    let pool = pool(1);
    let running = pool.submit(takes_a_moment.call()).unwrap();
    while !running.running() {
        asyncio::sleep(std::time::Duration::from_millis(1)).await;
    }
    let waiting: Vec<_> = (0..5).map(|_| pool.submit(takes_a_moment.call()).unwrap()).collect();
    pool.shutdown_with(ShutdownOptions::new().cancel_futures(true)).unwrap();
    running.result(None).unwrap();
    assert!(waiting.iter().all(|future| future.cancelled()));
}

// CPython: test_concurrent_futures.test_shutdown.ProcessPoolShutdownTest.test_shutdown_no_wait
#[asyncio::test]
async fn a_shutdown_need_not_wait() {
    let pool = pool(1);
    let future = pool.submit(takes_a_moment.call()).unwrap();
    pool.shutdown_with(ShutdownOptions::new().wait(false)).unwrap();
    assert!(!future.done());
    let worker = asyncio::to_thread(move || future.result(LONG)).await.unwrap();
    gone(worker).await;
}

// CPython: test_concurrent_futures.test_shutdown.ProcessPoolShutdownTest.test_del_shutdown
#[asyncio::test]
async fn the_last_handle_ends_the_pool_when_everything_is_done() {
    let pool = pool(2);
    let future = pool.clone().submit(takes_a_moment.call()).unwrap();
    drop(pool);
    let worker = asyncio::to_thread(move || future.result(LONG)).await.unwrap();
    gone(worker).await;
}

#[asyncio::test]
async fn a_callback_of_a_call_cannot_wait_for_the_end_of_its_pool() {
    let pool = pool(1);
    let future = pool.submit(double.call(1)).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let inner = pool.clone();
    future.add_done_callback(move |_| sender.send(inner.shutdown()).unwrap());
    let outcome = asyncio::to_thread(move || receiver.recv_timeout(LONG).map_err(Error::other)).await.unwrap();
    // It may have been done before the callback was added, which then runs here.
    if let Err(error) = outcome {
        assert!(error.to_string().contains("cannot wait for the end of its pool"), "{error}");
    }
    pool.shutdown().unwrap();
}

#[asyncio::test]
async fn a_pool_whose_worker_is_killed_can_be_shut_down() {
    let (pool, sign) = (pool(1), sign("shutdown"));
    let future = pool.submit(runs_for_ever.call(sign.clone())).unwrap();
    let worker = seen(&sign).await;
    pool.shutdown_with(ShutdownOptions::new().wait(false)).unwrap();
    assert!(future.cancel());
    pool.shutdown().unwrap();
    gone(worker).await;
}
