//! Cancelling a call ends its worker, and nothing else.

use std::time::Duration;

use super::{LONG, double, gone, pool, process_id, runs_for_ever, seen, sign};

#[asyncio::test]
async fn cancelling_a_task_that_waits_kills_the_worker_and_another_one_takes_its_place() {
    let (pool, sign) = (pool(1), sign("task"));
    let task = asyncio::create_task(runs_for_ever.on(&pool)(sign.clone()));
    let worker = seen(&sign).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    gone(worker).await;
    assert_ne!(process_id.on(&pool)().await.unwrap(), worker);
}

#[asyncio::test(timeout = "60s")]
async fn a_timeout_kills_the_worker() {
    let (pool, sign) = (pool(1), sign("timeout"));
    // The worker is there, so that the time is the call's own.
    let worker = process_id.on(&pool)().await.unwrap();
    let limit = Duration::from_secs(2);
    let error = asyncio::timeout(limit, runs_for_ever.on(&pool)(sign.clone())).await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("for a remote function"), "{error}");
    assert_eq!(seen(&sign).await, worker);
    gone(worker).await;
}

#[asyncio::test]
async fn dropping_a_call_cancels_it() {
    let (pool, sign) = (pool(1), sign("drop"));
    let call = runs_for_ever.on(&pool)(sign.clone());
    let worker = seen(&sign).await;
    drop(call);
    gone(worker).await;
}

#[asyncio::test]
async fn cancelling_a_submitted_call_kills_its_worker() {
    let (pool, sign) = (pool(1), sign("submit"));
    let future = pool.submit(runs_for_ever.call(sign.clone())).unwrap();
    let worker = seen(&sign).await;
    assert!(future.running());
    assert!(future.cancel());
    assert!(future.cancelled() && future.exception(LONG).unwrap_err().is_cancelled());
    gone(worker).await;
}

#[asyncio::test]
async fn the_other_calls_go_on() {
    let (pool, signs) = (pool(3), ["one", "two", "three"].map(sign));
    let mut calls: Vec<_> = signs.iter().map(|sign| Some(runs_for_ever.on(&pool)(sign.clone()))).collect();
    let mut workers = Vec::new();
    for sign in &signs {
        workers.push(seen(sign).await);
    }
    drop(calls[1].take());
    gone(workers[1]).await;
    assert_eq!(double.on(&pool)(2).await.unwrap(), 4);
    for worker in [workers[0], workers[2]] {
        assert!(super::lives(worker));
    }
    drop(calls);
    gone(workers[0]).await;
    gone(workers[2]).await;
}

#[asyncio::test]
async fn a_call_that_has_not_begun_never_does() {
    let (pool, first, second) = (pool(1), sign("first"), sign("second"));
    let running = runs_for_ever.on(&pool)(first.clone());
    let worker = seen(&first).await;
    let waiting = pool.submit(runs_for_ever.call(second.clone())).unwrap();
    assert!(!waiting.running() && waiting.cancel());
    drop(running);
    gone(worker).await;
    // The only worker is free for this one, which came after it.
    assert_eq!(double.on(&pool)(2).await.unwrap(), 4);
    assert!(!std::path::Path::new(&second).exists());
}

/// Its destructor fails.
#[derive(serde::Serialize, serde::Deserialize)]
struct Fragile(bool);

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.0, "a destructor that panics, for this test");
    }
}

#[asyncio::remote]
fn takes(fragile: Fragile) -> asyncio::Result<bool> {
    Ok(fragile.0)
}

#[asyncio::test(timeout = "60s")]
async fn arguments_whose_destructor_panics_cost_no_worker() {
    let (pool, sign) = (pool(1), sign("fragile"));
    let running = runs_for_ever.on(&pool)(sign.clone());
    let worker = seen(&sign).await;
    let cancelled = pool.submit(takes.call(Fragile(true))).unwrap();
    assert!(cancelled.cancel());
    drop(running);
    gone(worker).await;
    assert_eq!(double.on(&pool)(2).await.unwrap(), 4);
}

/// Starts a program that does not end by itself; the sign has its number.
#[cfg(target_os = "linux")]
#[asyncio::remote]
fn starts_a_child(sign: String) -> asyncio::Result<()> {
    let child = std::process::Command::new("sleep").arg("1000").spawn()?;
    std::fs::write(sign, child.id().to_string())?;
    loop {
        std::thread::park();
    }
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "60s")]
async fn what_a_call_has_started_ends_with_it() {
    let (pool, sign) = (pool(1), sign("child"));
    let call = starts_a_child.on(&pool)(sign.clone());
    let child = seen(&sign).await;
    drop(call);
    // Somebody else reaps it, or nobody: it has ended as soon as it is no more than a number.
    while std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}
