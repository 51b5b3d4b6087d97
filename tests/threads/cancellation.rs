//! A cancel of whoever waits for a thread, in its three moments: before the first poll, while suspended, in the tick of
//! the completion.

use std::time::Duration;

use super::counter::Counter;
use super::gate::gate;
use asyncio::{ConcurrentFuture, Error, ThreadPoolExecutor, create_task, get_running_loop, sleep, to_thread};

/// A default executor with one thread, so that a second job has to wait.
fn one_thread() -> ThreadPoolExecutor {
    let pool = ThreadPoolExecutor::builder().max_workers(1).build().unwrap();
    get_running_loop().unwrap().set_default_executor(pool.clone());
    pool
}

#[asyncio::test(timeout = "20s")]
async fn before_its_first_poll_nothing_is_submitted() {
    let begun = Counter::default();
    let count = begun.clone();
    let task = create_task(to_thread(move || count.up()));
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    to_thread(|| ()).await.unwrap();
    assert_eq!(begun.get(), 0);
}

#[asyncio::test(timeout = "20s")]
async fn before_its_first_poll_a_job_that_was_submitted_goes_on() {
    let event_loop = get_running_loop().unwrap();
    let finished = ConcurrentFuture::new();
    let finish = finished.clone();
    let future = event_loop.run_in_executor(None, move || finish.set_result(())).unwrap();
    let task = create_task(async move { future.await });
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    asyncio::wrap_future(finished).unwrap().await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_job_that_has_not_begun_never_does() {
    one_thread();
    let (gate, door) = gate();
    let first = create_task(to_thread(move || door.pass()));
    gate.reached().await;
    let begun = Counter::default();
    let job = |begun: &Counter| {
        let begun = begun.clone();
        move || begun.up()
    };
    let event_loop = get_running_loop().unwrap();
    let awaiting = create_task(to_thread(job(&begun)));
    let future = event_loop.run_in_executor(None, job(&begun)).unwrap();
    let awaited = event_loop.run_in_executor(None, job(&begun)).unwrap();
    let awaits = create_task(async move { awaited.await });
    let timed_out = create_task(asyncio::timeout(Duration::from_millis(1), to_thread(job(&begun))));
    sleep(Duration::ZERO).await;
    assert!(timed_out.await.unwrap_err().is_timeout());
    awaiting.cancel();
    awaits.cancel();
    assert!(future.cancel() && future.cancelled() && !future.cancel());
    assert!(awaiting.await.unwrap_err().is_cancelled());
    assert!(awaits.await.unwrap_err().is_cancelled());
    assert!(future.await.unwrap_err().is_cancelled());
    sleep(Duration::ZERO).await;
    gate.open();
    first.await.unwrap();
    to_thread(|| ()).await.unwrap();
    assert_eq!(begun.get(), 0);
}

#[asyncio::test(timeout = "20s")]
async fn dropping_the_future_of_to_thread_is_as_cancelling_it() {
    one_thread();
    let (gate, door) = gate();
    let first = create_task(to_thread(move || door.pass()));
    gate.reached().await;
    let begun = Counter::default();
    let count = begun.clone();
    let mut job = Box::pin(to_thread(move || count.up()));
    assert!(futures_lite::future::poll_once(&mut job).await.is_none());
    drop(job);
    gate.open();
    first.await.unwrap();
    to_thread(|| ()).await.unwrap();
    assert_eq!(begun.get(), 0);
}

#[asyncio::test(timeout = "20s")]
async fn dropping_the_future_of_run_in_executor_changes_nothing() {
    one_thread();
    let (gate, door) = gate();
    let event_loop = get_running_loop().unwrap();
    drop(event_loop.run_in_executor(None, move || door.pass()).unwrap());
    let finished = ConcurrentFuture::new();
    let finish = finished.clone();
    drop(event_loop.run_in_executor(None, move || finish.set_result(())).unwrap());
    gate.open();
    asyncio::wrap_future(finished).unwrap().await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_job_that_runs_goes_on_and_its_task_leaves() {
    let (gate, door) = gate();
    let finished = ConcurrentFuture::new();
    let finish = finished.clone();
    let task = create_task(to_thread(move || {
        door.pass();
        finish.set_result(())
    }));
    gate.reached().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!finished.done());
    gate.open();
    asyncio::wrap_future(finished).unwrap().await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn in_the_tick_of_the_completion_the_cancel_wins_and_the_next_job_is_not_harmed() {
    for ticks in 0..4 {
        let (gate, door) = gate();
        let task = create_task(to_thread(move || {
            door.pass();
            Ok::<_, Error>(1)
        }));
        gate.reached().await;
        gate.open();
        // The thread has set the result, and what it sent to the loop stands in the ready queue.
        let pool_idle = to_thread(|| ());
        pool_idle.await.unwrap();
        for _ in 0..ticks {
            sleep(Duration::ZERO).await;
        }
        let was_done = task.done();
        let accepted = task.cancel();
        assert_eq!(accepted, !was_done);
        match task.await {
            Ok(value) => assert!(was_done && value == 1, "after {ticks} ticks"),
            Err(error) => assert!(accepted && error.is_cancelled(), "after {ticks} ticks: {error}"),
        }
        assert_eq!(to_thread(|| Ok::<_, Error>(2)).await.unwrap(), 2);
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_done_job_whose_waiter_is_cancelled_in_the_same_tick_is_lost_as_in_python() {
    let event_loop = get_running_loop().unwrap();
    let future = event_loop.run_in_executor(None, || Ok::<_, Error>(1)).unwrap();
    let (tell, told) = (asyncio::Future::new().unwrap(), asyncio::Future::new().unwrap());
    let ready: asyncio::Future<()> = told.clone();
    // Runs in the tick in which the result arrives, before the waiter's step.
    future.add_done_callback(move || ready.set_result(()).unwrap());
    let waiter = create_task(async move {
        tell.set_result(()).unwrap();
        future.await
    });
    told.await.unwrap();
    let accepted = waiter.cancel();
    assert_eq!(accepted, waiter.await.is_err_and(|error| error.is_cancelled()));
}
