//! Calls and what they give.

use std::collections::BTreeMap;
use std::time::Duration;

use asyncio::{Error, Executor, ProcessPoolExecutor, Result, ThreadPoolExecutor};
use serde::{Deserialize, Serialize};

use super::{LONG, double, pool, process_id};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Image {
    name: String,
    size: (u32, u32),
    tags: BTreeMap<String, Option<f64>>,
}

#[asyncio::remote]
fn describe(image: Image, lines: Vec<String>, scale: f32, flag: bool, unit: (), end: Option<char>) -> Result<Image> {
    let Image { name, size: (width, height), tags } = image;
    assert_eq!((unit, flag, end), ((), true, Some('ß')));
    let scaled = |length: u32| (length as f32 * scale) as u32;
    Ok(Image { name: format!("{name}: {}", lines.join(", ")), size: (scaled(width), scaled(height)), tags })
}

#[asyncio::remote]
fn nothing() {}

/// Takes bytes apart, in an order that is not that of their types.
#[asyncio::remote]
fn mix(first: Vec<u8>, number: u64, second: Vec<u8>, text: String) -> Result<Vec<u8>> {
    assert_eq!((number, text.as_str()), (u64::MAX, "middle"));
    Ok([second, first].concat())
}

#[asyncio::test]
async fn a_call_runs_in_another_process_and_gives_its_result() {
    let pool = pool(1);
    assert_eq!(double.on(&pool)(21).await.unwrap(), 42);
    let other = process_id.on(&pool)().await.unwrap();
    assert_ne!(other, std::process::id());
    assert_eq!(process_id.on(&pool)().await.unwrap(), other, "the same one again");
    nothing.on(&pool)().await.unwrap();
}

#[asyncio::test(virtual_time)]
async fn virtual_time_does_not_jump_over_a_call() {
    let pool = pool(1);
    assert_eq!(asyncio::timeout(Duration::from_millis(1), double.on(&pool)(21)).await.unwrap(), 42);
    let job = asyncio::get_running_loop().unwrap().run_in_executor(Some(&pool), double.call(21)).unwrap();
    assert_eq!(asyncio::timeout(Duration::from_millis(1), job).await.unwrap(), 42);
}

#[asyncio::test]
async fn a_remote_function_is_a_plain_function_too() {
    assert_eq!(double(21).unwrap(), 42);
    assert_eq!([1, 2].map(*double).map(Result::unwrap), [2, 4]);
    nothing();
    assert!(double.id().name().ends_with("process_pool::double"), "{:?}", double.id());
}

#[asyncio::test]
async fn arguments_and_results_of_many_types_travel() {
    let tags = BTreeMap::from([("a".to_owned(), Some(0.5)), ("b".to_owned(), None)]);
    let image = Image { name: "köln".to_owned(), size: (100, 50), tags: tags.clone() };
    let lines = vec!["one".to_owned(), "two".to_owned()];
    let expected = Image { name: "köln: one, two".to_owned(), size: (50, 25), tags };
    let pool = pool(1);
    assert_eq!(describe.on(&pool)(image, lines, 0.5, true, (), Some('ß')).await.unwrap(), expected);
}

#[asyncio::test]
async fn bytes_travel_whole_whatever_their_number() {
    let pool = pool(1);
    for length in [0, 1, 4095, 4096, 4097, 100_000, 5_000_000] {
        let first: Vec<u8> = (0..length).map(|n| n as u8).collect();
        let second = vec![7; 4097 - length.min(4097)];
        let expected = [second.clone(), first.clone()].concat();
        let mixed = mix.on(&pool)(first, u64::MAX, second, "middle".to_owned()).await.unwrap();
        assert!(mixed == expected, "{length} bytes");
    }
}

/// Bytes in which each word of eight stands in its own place only.
fn numbered(length: usize, first: u64) -> Vec<u8> {
    (first..).take(length / 8).flat_map(u64::to_le_bytes).collect()
}

#[asyncio::remote]
fn next_numbers(numbers: Vec<u8>) -> Result<Vec<u8>> {
    let length = numbers.len();
    let first = u64::from_le_bytes(numbers[..8].try_into().unwrap());
    assert!(numbers == numbered(length, first), "not what was sent");
    Ok(numbered(length, first + length as u64 / 8))
}

#[asyncio::test]
async fn a_large_argument_and_a_large_result_come_whole() {
    const LENGTH: usize = 64 << 20;
    let pool = pool(1);
    for first in [0, u64::MAX / 3] {
        let next = next_numbers.on(&pool)(numbered(LENGTH, first)).await.unwrap();
        assert!(next == numbered(LENGTH, first + LENGTH as u64 / 8), "not what was sent back");
    }
}

#[asyncio::remote]
fn length_of(text: String) -> Result<usize> {
    Ok(text.len())
}

#[asyncio::test]
async fn a_large_argument_does_not_block_the_loop() {
    let pool = pool(1);
    let text = "x".repeat(64 << 20);
    let mut turns = 0;
    let call = asyncio::create_task(length_of.on(&pool)(text));
    while !call.done() {
        asyncio::sleep(Duration::from_millis(1)).await;
        turns += 1;
    }
    assert_eq!(call.await.unwrap(), 64 << 20);
    assert!(turns > 4, "the loop stood still: {turns} turns while the call ran");
}

#[asyncio::test]
async fn calls_that_are_made_at_once_run_at_once() {
    let pool = pool(2);
    let begun: Vec<_> = (1..=20).map(|number| double.on(&pool)(number)).collect();
    for (number, call) in (1..=20).zip(begun) {
        assert_eq!(call.await.unwrap(), number * 2);
    }
}

// CPython: test_events.EventLoopTestsMixin.test_run_in_executor
#[asyncio::test]
async fn run_in_executor_reads_the_same_for_threads_and_processes() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let (threads, processes) = (ThreadPoolExecutor::new(), pool(1));
    let executors: [&dyn Executor; 2] = [&threads, &processes];
    for executor in executors {
        assert_eq!(event_loop.run_in_executor(Some(executor), double.call(21)).unwrap().await.unwrap(), 42);
        assert_eq!(double.on(executor)(4).await.unwrap(), 8);
    }
    assert_eq!(event_loop.run_in_executor(None, double.call(5)).unwrap().await.unwrap(), 10);
    let here = process_id.on(&threads)().await.unwrap();
    assert_eq!(here, std::process::id(), "a thread is in this process");
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_submit
#[asyncio::test]
async fn submit_gives_a_future_that_any_thread_may_wait_for() {
    let pool = pool(1);
    let future = pool.submit(double.call(21)).unwrap();
    assert_eq!(asyncio::to_thread(move || future.result(LONG)).await.unwrap(), 42);
}

#[asyncio::test]
async fn a_closure_is_refused_with_what_to_write_instead() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let refused = event_loop.run_in_executor(Some(&pool(1)), || Ok::<_, Error>(1)).unwrap_err();
    assert!(matches!(&refused, Error::ValueError(text) if text.as_str().contains("#[asyncio::remote]")), "{refused}");
}

#[test]
fn a_call_without_a_loop_is_refused() {
    // No loop runs here, and nothing asks whether this is a worker: so it is a thread pool that is named.
    let threads = ThreadPoolExecutor::new();
    let call = double.on(&threads)(1);
    let refused = asyncio::run(call).unwrap_err();
    assert!(refused.to_string().contains("no event loop is running"), "{refused}");
}

mod one {
    pub(super) mod inner {
        #[asyncio::remote]
        pub(in super::super) fn name() -> asyncio::Result<String> {
            Ok("one".to_owned())
        }
    }
}

mod two {
    pub(super) mod inner {
        #[asyncio::remote]
        pub(in super::super) fn name() -> asyncio::Result<String> {
            Ok("two".to_owned())
        }
    }
}

#[asyncio::test]
async fn functions_of_one_name_in_two_modules_are_two_functions() {
    let pool = pool(1);
    assert_eq!(one::inner::name.on(&pool)().await.unwrap(), "one");
    assert_eq!(two::inner::name.on(&pool)().await.unwrap(), "two");
}

#[asyncio::test]
async fn two_functions_that_nothing_tells_apart_are_refused() {
    fn first(pool: &ProcessPoolExecutor) -> asyncio::RemoteFuture<u8> {
        #[asyncio::remote]
        fn twin() -> Result<u8> {
            Ok(1)
        }
        twin.on(pool)()
    }
    fn second(pool: &ProcessPoolExecutor) -> asyncio::RemoteFuture<u8> {
        #[asyncio::remote]
        fn twin() -> Result<u8> {
            Ok(2)
        }
        twin.on(pool)()
    }
    let pool = pool(1);
    for call in [first(&pool), second(&pool)] {
        let refused = call.await.unwrap_err().to_string();
        assert!(refused.contains("two remote functions") && refused.contains("calls.rs:"), "{refused}");
    }
}

/// Has a pool of its own.
#[asyncio::remote]
fn through_another(number: u32) -> Result<(u32, u32)> {
    let pool = super::pool(1);
    let process = pool.submit(process_id.call())?.result(LONG)?;
    Ok((pool.submit(double.call(number))?.result(LONG)?, process))
}

#[asyncio::test]
async fn a_worker_may_have_workers_of_its_own() {
    let pool = pool(1);
    let worker = process_id.on(&pool)().await.unwrap();
    let (doubled, process) = through_another.on(&pool)(21).await.unwrap();
    assert_eq!(doubled, 42);
    assert!(![worker, std::process::id()].contains(&process));
}

/// Has an event loop of its own.
#[asyncio::remote]
fn awaits() -> Result<u32> {
    asyncio::run(async {
        asyncio::sleep(Duration::from_millis(1)).await;
        asyncio::to_thread(|| double(4)).await
    })
}

#[asyncio::test]
async fn a_worker_may_run_an_event_loop() {
    assert_eq!(awaits.on(&pool(1))().await.unwrap(), 8);
}

/// What its standard input, its arguments and its environment are like.
#[asyncio::remote]
fn surroundings() -> Result<(usize, String, Option<String>)> {
    let read = std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    let name = std::env::args().next().unwrap();
    Ok((read as usize, name, std::env::var("CARGO_MANIFEST_DIR").ok()))
}

#[asyncio::test]
async fn a_worker_has_an_empty_standard_input_and_this_environment() {
    let (read, name, directory) = surroundings.on(&pool(1))().await.unwrap();
    assert_eq!(read, 0);
    assert!(name.ends_with(": asyncio worker"), "{name}");
    assert_eq!(directory, std::env::var("CARGO_MANIFEST_DIR").ok());
}
