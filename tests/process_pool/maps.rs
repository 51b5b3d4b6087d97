//! `map`: order, chunks, time, failures.

use std::time::Duration;

use asyncio::{Error, Result};

use super::{LONG, double, gone, pool, process_id, seen, sign};

#[asyncio::remote]
fn slow_if_small(number: u32) -> Result<u32> {
    std::thread::sleep(Duration::from_millis(u64::from(20_u32.saturating_sub(number))));
    Ok(number)
}

#[asyncio::remote]
fn divide(pair: (u32, u32)) -> Result<u32> {
    pair.0.checked_div(pair.1).ok_or_else(|| Error::value_error("divided by zero"))
}

#[asyncio::remote]
fn worker_of(_item: u32) -> Result<u32> {
    process_id()
}

#[asyncio::remote]
fn nothing(_item: u32) {}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_map
#[asyncio::test]
async fn results_come_in_the_order_of_the_items() {
    let results: Result<Vec<u32>> = pool(3).map(slow_if_small, 0..20, None).unwrap().collect();
    assert_eq!(results.unwrap(), (0..20).collect::<Vec<_>>());
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_map_chunksize
#[asyncio::test]
async fn chunks_of_any_size_give_the_same_results() {
    let pool = pool(2);
    let expected: Vec<u32> = (0..40).map(|number| number * 2).collect();
    for chunksize in [1, 6, 39, 40, 50] {
        let results: Result<Vec<u32>> = pool.map_chunks(double, 0..40, chunksize, LONG).unwrap().collect();
        assert_eq!(results.unwrap(), expected, "chunks of {chunksize}");
    }
    assert_eq!(pool.map_chunks(double, [], 5, None).unwrap().count(), 0);
    assert_eq!(pool.map_chunks(nothing, 0..7, 3, None).unwrap().filter(Result::is_ok).count(), 7);
    let refused = pool.map_chunks(double, 0..40, 0, None).unwrap_err();
    assert!(matches!(refused, Error::ValueError(text) if text.as_str().contains("chunksize")));
}

#[asyncio::test]
async fn a_chunk_stays_together() {
    let workers: Result<Vec<u32>> = pool(3).map_chunks(worker_of, 0..30, 10, None).unwrap().collect();
    for chunk in workers.unwrap().chunks(10) {
        assert!(chunk.iter().all(|worker| *worker == chunk[0]));
    }
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_map_exception
#[asyncio::test]
async fn the_first_failure_ends_the_iteration() {
    let pool = pool(2);
    let pairs = [(1, 1), (6, 2), (2, 0), (4, 4)];
    let results: Vec<_> = pool.map(divide, pairs, None).unwrap().collect();
    assert!(matches!(results.as_slice(), [Ok(1), Ok(3), Err(Error::ValueError(_))]), "{results:?}");
    // With its chunk.
    let results: Vec<_> = pool.map_chunks(divide, pairs, 2, None).unwrap().collect();
    assert!(matches!(results.as_slice(), [Ok(1), Ok(3), Err(_)]), "{results:?}");
    let results: Vec<_> = pool.map_chunks(divide, pairs, 3, None).unwrap().collect();
    assert!(matches!(results.as_slice(), [Err(_)]), "{results:?}");
}

#[asyncio::remote]
fn waits_for_ever(sign: String) -> Result<()> {
    super::runs_for_ever(sign)
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_map_timeout
#[asyncio::test(timeout = "60s")]
async fn a_result_that_is_late_ends_the_iteration_and_its_worker() {
    let (pool, sign) = (pool(1), sign("map"));
    let worker = process_id.on(&pool)().await.unwrap();
    let mut results = pool.map(waits_for_ever, [sign.clone()], Duration::from_secs(2)).unwrap();
    assert!(results.next().unwrap().unwrap_err().is_timeout());
    assert!(results.next().is_none());
    assert_eq!(seen(&sign).await, worker);
    gone(worker).await;
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_map_buffersize
#[asyncio::test]
async fn dropping_the_iterator_cancels_what_is_not_done() {
    let (pool, sign) = (pool(1), sign("map-drop"));
    let results = pool.map(waits_for_ever, [sign.clone(), "never begun".to_owned()], None).unwrap();
    let worker = seen(&sign).await;
    drop(results);
    gone(worker).await;
    assert_eq!(double.on(&pool)(1).await.unwrap(), 2);
    assert!(!std::path::Path::new("never begun").exists());
}
