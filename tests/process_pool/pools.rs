//! Pools and their options.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use asyncio::{Error, ProcessPoolExecutor, Result};

use super::{double, gone, pool, process_id};

static SET_UP: AtomicU32 = AtomicU32::new(0);

#[asyncio::remote]
fn set_up(number: u32) {
    SET_UP.fetch_add(number, Ordering::Relaxed);
}

#[asyncio::remote]
fn number_of_set_up() -> Result<u32> {
    Ok(SET_UP.load(Ordering::Relaxed))
}

#[asyncio::remote]
fn cannot_be_set_up() -> Result<()> {
    Err(Error::value_error("there is no model"))
}

#[asyncio::remote]
fn dies_while_it_is_set_up() {
    eprintln!("no memory for the model");
    std::process::exit(9);
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_max_workers_negative
// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_max_tasks_per_child
#[asyncio::test]
async fn numbers_below_one_are_refused() {
    let refused = ProcessPoolExecutor::builder().max_workers(0).build().unwrap_err();
    assert!(matches!(refused, Error::ValueError(text) if text.as_str().contains("max_workers")));
    let refused = ProcessPoolExecutor::builder().max_tasks_per_child(0).build().unwrap_err();
    assert!(matches!(refused, Error::ValueError(text) if text.as_str().contains("max_tasks_per_child")));
}

#[asyncio::test]
async fn the_number_of_processes_has_pythons_default() {
    let processors = thread::available_parallelism().unwrap().get();
    assert_eq!(ProcessPoolExecutor::new().max_workers(), processors);
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_idle_process_reuse_one
// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_idle_process_reuse_multiple
#[asyncio::test]
async fn an_idle_process_is_used_again_before_another_one_starts() {
    let pool = pool(8);
    let mut workers = HashSet::new();
    for _ in 0..20 {
        workers.insert(process_id.on(&pool)().await.unwrap());
    }
    assert_eq!(workers.len(), 1);
    assert!(format!("{pool:?}").contains("processes: 1"), "{pool:?}");
}

#[asyncio::test]
async fn there_are_never_more_processes_than_allowed() {
    let pool = pool(3);
    let calls: Vec<_> = (0..50).map(|_| process_id.on(&pool)()).collect();
    let mut workers = HashSet::new();
    for call in calls {
        workers.insert(call.await.unwrap());
    }
    assert!(workers.len() <= 3, "{workers:?}");
}

// CPython: test_concurrent_futures.test_init.InitializerMixin.test_initializer
#[asyncio::test]
async fn the_initializer_runs_once_in_each_process_before_its_first_call() {
    let pool = ProcessPoolExecutor::builder().max_workers(2).initializer(set_up.call(7)).build().unwrap();
    let calls: Vec<_> = (0..10).map(|_| number_of_set_up.on(&pool)()).collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 7);
    }
    assert_eq!(SET_UP.load(Ordering::Relaxed), 0, "not in this one");
}

// CPython: test_concurrent_futures.test_init.FailingInitializerMixin.test_initializer
#[asyncio::test]
async fn a_pool_whose_initializer_fails_is_broken() {
    for (initializer, why) in [
        (cannot_be_set_up.call(), "ValueError: there is no model"),
        (
            dies_while_it_is_set_up.call(),
            "ended with exit code 9; the last it wrote to its standard error:\n  no memory",
        ),
    ] {
        let pool = ProcessPoolExecutor::builder().max_workers(2).initializer(initializer).build().unwrap();
        let calls = [double.on(&pool)(1), double.on(&pool)(2), double.on(&pool)(3)];
        for call in calls {
            let error = call.await.unwrap_err();
            assert!(matches!(&error, Error::BrokenProcessPool(text) if text.as_str().contains(why)), "{error}");
        }
        let error = pool.submit(double.call(4)).unwrap_err();
        assert!(matches!(error, Error::BrokenProcessPool(_)));
        pool.shutdown().unwrap();
    }
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_max_tasks_per_child
#[asyncio::test]
async fn a_process_ends_after_its_number_of_calls() {
    let pool = ProcessPoolExecutor::builder().max_workers(1).max_tasks_per_child(3).build().unwrap();
    let mut workers = Vec::new();
    for _ in 0..7 {
        workers.push(process_id.on(&pool)().await.unwrap());
    }
    assert_eq!((workers[0], workers[3]), (workers[2], workers[5]));
    assert_eq!(HashSet::<u32>::from_iter(workers.clone()).len(), 3, "{workers:?}");
    gone(workers[0]).await;
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_max_tasks_early_shutdown
#[asyncio::test]
async fn calls_that_wait_for_new_processes_are_made_after_a_shutdown_too() {
    let pool = ProcessPoolExecutor::builder().max_workers(3).max_tasks_per_child(1).build().unwrap();
    let futures: Vec<_> = (0..6).map(|number| pool.submit(double.call(number)).unwrap()).collect();
    pool.shutdown().unwrap();
    for (number, future) in (0..).zip(futures) {
        assert_eq!(future.result(None).unwrap(), number * 2);
    }
}
