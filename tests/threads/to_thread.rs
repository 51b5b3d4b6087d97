//! `to_thread`.

use std::rc::Rc;
use std::thread;

use super::counter::Counter;
use super::gate::gate;
use asyncio::{ContextVar, Error, create_task, gather, to_thread};

// CPython: test_threads.ToThreadTests.test_to_thread
// CPython: test_threads.ToThreadTests.test_to_thread_args_kwargs
#[asyncio::test(timeout = "20s")]
async fn a_function_runs_in_another_thread_and_gives_its_result() {
    let here = thread::current().id();
    let numbers = [40, 2];
    let (sum, there) =
        to_thread(move || Ok::<_, Error>((numbers.iter().sum::<i32>(), thread::current().id()))).await.unwrap();
    assert_eq!(sum, 42);
    assert_ne!(here, there);
}

#[asyncio::test(timeout = "20s")]
async fn a_result_need_not_be_clonable() {
    struct Once(u8);
    let once = to_thread(|| Ok::<_, Error>(Once(7))).await.unwrap();
    assert_eq!(once.0, 7);
}

// CPython: test_threads.ToThreadTests.test_to_thread_exception
#[asyncio::test(timeout = "20s")]
async fn the_error_of_a_function_comes_back() {
    let outcome = to_thread(|| "x".parse::<u8>().map_err(Error::other)).await;
    assert!(outcome.unwrap_err().downcast_ref::<std::num::ParseIntError>().is_some());
    let outcome = to_thread(|| std::fs::read("/no/such/file")).await;
    assert_eq!(outcome.unwrap_err().io_kind(), Some(std::io::ErrorKind::NotFound));
}

#[asyncio::test(timeout = "20s")]
async fn a_panic_comes_back_as_an_error_that_says_where() {
    let outcome = to_thread(|| -> () { panic!("no bread") }).await;
    let Err(Error::Panic(panic)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(panic.message(), "no bread");
    assert!(panic.location().unwrap().contains("to_thread.rs"), "{:?}", panic.location());
    to_thread(|| ()).await.expect("the thread is still good");
}

// CPython: test_threads.ToThreadTests.test_to_thread_once
#[asyncio::test(timeout = "20s")]
async fn a_function_is_called_once_and_only_when_it_is_awaited() {
    let calls = Counter::default();
    let count = |calls: &Counter| {
        let calls = calls.clone();
        to_thread(move || calls.up())
    };
    let never_awaited = count(&calls);
    count(&calls).await.unwrap();
    drop(never_awaited);
    to_thread(|| ()).await.unwrap();
    assert_eq!(calls.get(), 1);
}

// CPython: test_threads.ToThreadTests.test_to_thread_concurrent
#[asyncio::test(timeout = "20s")]
async fn many_run_at_once() {
    let calls = Counter::default();
    let jobs = (0..10).map(|_| {
        let calls = calls.clone();
        to_thread(move || calls.up())
    });
    gather(jobs).await.unwrap();
    assert_eq!(calls.get(), 10);
}

#[asyncio::test(timeout = "20s")]
async fn the_loop_goes_on_while_a_thread_blocks() {
    let (gate, door) = gate();
    let blocked = create_task(to_thread(move || door.pass()));
    gate.reached().await;
    let mut ticks = 0;
    while ticks < 100 {
        asyncio::sleep(std::time::Duration::ZERO).await;
        ticks += 1;
    }
    assert!(!blocked.done());
    gate.open();
    blocked.await.unwrap();
}

static NAME: ContextVar<String> = ContextVar::new("name");
static NUMBER: ContextVar<u32> = ContextVar::with_default("number", || 1);
static LOCAL: ContextVar<Rc<u32>> = ContextVar::local("local");

// CPython: test_threads.ToThreadTests.test_to_thread_contextvars
#[asyncio::test(timeout = "20s")]
async fn the_context_travels() {
    NAME.set("parrot".to_owned());
    let seen = to_thread(|| Ok::<_, Error>((NAME.get(), NUMBER.get()))).await.unwrap();
    assert_eq!(seen, (Some("parrot".to_owned()), Some(1)));
}

#[asyncio::test(timeout = "20s")]
async fn the_context_is_that_of_the_await_not_of_the_call() {
    NUMBER.set(2);
    let job = to_thread(|| Ok::<_, Error>(NUMBER.get()));
    NUMBER.set(3);
    assert_eq!(job.await.unwrap(), Some(3));
}

#[asyncio::test(timeout = "20s")]
async fn what_a_function_sets_stays_in_its_thread_and_in_its_call() {
    NUMBER.set(5);
    let set = || Ok::<_, Error>((NUMBER.get(), drop(NUMBER.set(6)), NUMBER.get()));
    assert_eq!(to_thread(set).await.unwrap(), (Some(5), (), Some(6)));
    assert_eq!(NUMBER.get(), Some(5));
    // The same thread, which was idle, is used again.
    assert_eq!(to_thread(|| Ok::<_, Error>(NUMBER.get())).await.unwrap(), Some(5));
}

#[asyncio::test(timeout = "20s")]
async fn a_variable_that_was_reset_travels_as_not_set() {
    let token = NAME.set("gone".to_owned());
    NAME.reset(token).unwrap();
    assert_eq!(to_thread(|| Ok::<_, Error>(NAME.get())).await.unwrap(), None);
}

#[asyncio::test(timeout = "20s")]
async fn a_local_variable_stays_on_its_thread() {
    LOCAL.set(Rc::new(8));
    assert!(to_thread(|| Ok::<_, Error>(LOCAL.get().is_none())).await.unwrap());
    assert_eq!(LOCAL.get().as_deref(), Some(&8));
}

#[asyncio::test(timeout = "20s")]
async fn the_call_graph_says_that_a_task_waits_for_a_thread() {
    let (gate, door) = gate();
    let task = create_task(to_thread(move || door.pass())).named("reader");
    gate.reached().await;
    let graph = asyncio::format_call_graph(Some(&task)).unwrap();
    assert!(graph.contains("\"reader\"") && graph.contains("waits for a thread"), "{graph}");
    gate.open();
    task.await.unwrap();
}

#[test]
fn without_a_loop_it_is_an_error() {
    let mut job = Box::pin(to_thread(|| ()));
    let outcome = futures_lite::future::block_on(futures_lite::future::poll_once(&mut job)).unwrap();
    assert!(outcome.unwrap_err().to_string().contains("asyncio::run"));
}
