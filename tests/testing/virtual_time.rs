//! Virtual time and work that is done elsewhere: it does not jump over a job that is under way.

use std::future::{Future, poll_fn};
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use ::log::Level;
use asyncio::{ConcurrentFuture, Executor, ThreadPoolExecutor, gather, sleep, timeout, to_thread, wrap_future};

use crate::support::log;
use crate::support::net::running;
use crate::support::tasks::{HOUR, seconds};

/// Far less than the deadlines here, and far more than the loop needs to jump to one.
const A_WHILE: Duration = Duration::from_millis(30);

fn works() {
    thread::sleep(A_WHILE);
}

#[asyncio::test(virtual_time)]
async fn a_job_that_is_in_time_meets_no_deadline() {
    let before = running().time();
    timeout(seconds(1), to_thread(works)).await.unwrap();
    let pool = ThreadPoolExecutor::new();
    timeout(seconds(1), running().run_in_executor(Some(&pool), works).unwrap()).await.unwrap();
    timeout(seconds(1), wrap_future(pool.submit(works).unwrap()).unwrap()).await.unwrap();
    timeout(seconds(1), running().getaddrinfo("localhost", 80)).await.unwrap();
    // No time has passed, whatever the machine was busy with; and from now on it jumps again.
    assert_eq!(running().time(), before);
    sleep(HOUR).await;
    assert_eq!(running().time() - before, HOUR);
    pool.shutdown().unwrap();
}

#[asyncio::test(virtual_time)]
async fn a_thread_of_ones_own_is_waited_for_by_its_future() {
    let outcome = ConcurrentFuture::new();
    let setter = outcome.clone();
    let thread = thread::spawn(move || {
        works();
        setter.set_result(7).unwrap();
    });
    assert_eq!(timeout(seconds(1), wrap_future(outcome).unwrap()).await.unwrap(), 7);
    thread.join().unwrap();
}

#[asyncio::test(virtual_time)]
async fn time_does_not_jump_while_a_thread_has_a_coroutine_run_here() {
    let handle = running().handle();
    let calls = to_thread(move || {
        let mut sum = 0;
        for number in 1..=3 {
            works();
            sum += asyncio::run_coroutine_threadsafe(async move || Ok::<_, asyncio::Error>(number), &handle)?
                .result(seconds(10))?;
        }
        Ok::<_, asyncio::Error>(sum)
    });
    assert_eq!(timeout(seconds(1), calls).await.unwrap(), 6);
}

#[asyncio::test(virtual_time)]
async fn what_the_loop_does_itself_for_another_thread_may_wait_for_time_that_jumps() {
    let slow = asyncio::run_coroutine_threadsafe(async || sleep(HOUR).await, &running().handle()).unwrap();
    let began = Instant::now();
    wrap_future(slow).unwrap().await.unwrap();
    assert!(began.elapsed() < seconds(10));
}

#[asyncio::test(virtual_time)]
async fn a_job_that_waits_for_time_gets_it_and_a_warning() {
    log::collect();
    let (sender, receiver) = channel();
    let before = running().time();
    let waits = to_thread(move || receiver.recv_timeout(seconds(15)).map_err(asyncio::Error::other));
    let later = async move {
        sleep(Duration::from_millis(50)).await;
        sender.send("late").map_err(asyncio::Error::other)
    };
    assert_eq!(gather!(waits, later).await.unwrap().0, "late");
    // As long as the loop slept after the first second, and not a moment more than the timer asked for.
    assert_eq!(running().time() - before, Duration::from_millis(50));
    let warnings = log::collected(Level::Warn);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("ASY0021: virtual time passes as slowly as real time"), "{}", warnings[0]);
    assert!(warnings[0].contains("testing/virtual_time.rs:"), "{}", warnings[0]);
}

#[asyncio::test(virtual_time)]
async fn a_deadline_around_a_job_that_never_ends_passes_and_nobody_waits_for_it_any_more() {
    log::collect();
    let (sender, receiver) = channel::<()>();
    let stuck = to_thread(move || {
        // Its end is that of the test.
        let _ = receiver.recv_timeout(seconds(15));
    });
    let began = Instant::now();
    assert!(timeout(Duration::from_millis(20), stuck).await.unwrap_err().is_timeout());
    assert!(began.elapsed() > Duration::from_secs(1));
    sleep(HOUR).await;
    let dropped = running().run_in_executor(None, works).unwrap();
    assert!(dropped.cancel() || dropped.done());
    sleep(HOUR).await;
    assert!(began.elapsed() < seconds(10));
    drop(sender);
}

#[asyncio::test(virtual_time)]
async fn a_job_that_is_dropped_while_it_runs_is_not_waited_for() {
    let (begun, has_begun) = channel();
    let (sender, receiver) = channel::<()>();
    let mut stuck = Box::pin(to_thread(move || {
        begun.send(()).unwrap();
        let _ = receiver.recv_timeout(seconds(15));
    }));
    assert!(poll_fn(|context| Poll::Ready(stuck.as_mut().poll(context).is_pending())).await);
    has_begun.recv().unwrap();
    drop(stuck);
    let began = Instant::now();
    sleep(HOUR).await;
    assert!(began.elapsed() < Duration::from_millis(900));
    drop(sender);
}

#[asyncio::test(virtual_time)]
async fn jobs_one_after_the_other_do_not_keep_time_from_passing() {
    log::collect();
    let mut jobs = 0;
    let many = async {
        loop {
            to_thread(works).await.unwrap();
            jobs += 1;
        }
    };
    assert!(timeout(A_WHILE * 3, many).await.unwrap_err().is_timeout());
    assert!(jobs > 3, "{jobs}");
}
