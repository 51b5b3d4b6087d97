//! `run_in_executor` and the executors that it takes.

use std::rc::Rc;
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::gate::gate;
use crate::support::reports::Reports;
use asyncio::{ContextVar, Error, EventLoop, Executor, Job, ReturnWhen, ThreadPoolExecutor, get_running_loop, sleep};

const LONG: Duration = Duration::from_secs(20);

// CPython: test_events.EventLoopTestsMixin.test_run_in_executor
#[asyncio::test(timeout = "20s")]
async fn a_function_runs_in_a_thread_of_the_default_executor() {
    let event_loop = get_running_loop().unwrap();
    let run = || Ok::<_, Error>((thread::current().id(), thread::current().name().map(str::to_owned)));
    let (id, name) = event_loop.run_in_executor(None, run).unwrap().await.unwrap();
    assert_ne!(id, thread::current().id());
    assert_eq!(name.as_deref(), Some("asyncio_0"));
}

#[test]
fn it_is_submitted_at_once_and_its_result_waits_for_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let (gate, door) = gate();
    let future = event_loop.run_in_executor(None, move || door.pass()).unwrap();
    gate.reached_blocking();
    gate.open();
    event_loop.run_until_complete(future).unwrap();
    event_loop.close().unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn the_context_stays_behind() {
    static NAME: ContextVar<&str> = ContextVar::new("name");
    NAME.set("ada");
    let event_loop = get_running_loop().unwrap();
    assert_eq!(event_loop.run_in_executor(None, || Ok::<_, Error>(NAME.get())).unwrap().await.unwrap(), None);
}

// CPython: test_events.EventLoopTestsMixin.test_run_in_executor_cancel
#[test]
fn a_result_that_comes_after_a_cancel_and_after_the_close_is_dropped_in_silence() {
    let event_loop = EventLoop::new().unwrap();
    let (gate, door) = gate();
    let (held, gone) = channel::<()>();
    let job = move || {
        door.pass();
        Ok::<_, Error>(held)
    };
    let future = event_loop.run_in_executor(None, job).unwrap();
    gate.reached_blocking();
    assert!(future.cancel());
    event_loop.close().unwrap();
    drop(future);
    gate.open();
    assert_eq!(gone.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected), "the result is dropped");
}

#[asyncio::test(timeout = "20s")]
async fn a_future_can_be_watched_as_others_can() {
    let event_loop = get_running_loop().unwrap();
    let (gate, door) = gate();
    let slow = event_loop.run_in_executor(None, move || door.pass()).unwrap();
    let failing = event_loop.run_in_executor(None, || Err::<(), _>(Error::value_error("no"))).unwrap();
    assert!(slow.exception().is_err(), "it is pending");
    let called = Rc::new(std::cell::Cell::new(false));
    let call = called.clone();
    failing.add_done_callback(move || call.set(true));
    let futures: [&dyn asyncio::FutureLike; 2] = [&slow, &failing];
    let (done, pending) = asyncio::wait(futures).return_when(ReturnWhen::FirstException).await.unwrap();
    assert_eq!((done.len(), pending.len()), (1, 1));
    assert!(failing.exception().unwrap().unwrap().to_string().contains("no"));
    sleep(Duration::ZERO).await;
    assert!(called.get());
    assert!(failing.into_result().is_err());
    gate.open();
    slow.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_failure_that_nobody_looks_at_is_reported() {
    let event_loop = get_running_loop().unwrap();
    let reports = Reports::here();
    let future = event_loop.run_in_executor(None, || Err::<(), _>(Error::value_error("unseen"))).unwrap();
    let done = asyncio::Future::new().unwrap();
    let set = done.clone();
    future.add_done_callback(move || set.set_result(()).unwrap());
    done.await.unwrap();
    drop(future);
    assert!(reports.one().exception.as_ref().unwrap().to_string().contains("unseen"));
}

#[asyncio::test(timeout = "20s")]
async fn another_pool_can_be_named() {
    let pool = ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("mine").build().unwrap();
    let event_loop = get_running_loop().unwrap();
    let name = || Ok::<_, Error>(thread::current().name().map(str::to_owned));
    assert_eq!(event_loop.run_in_executor(Some(&pool), name).unwrap().await.unwrap().as_deref(), Some("mine_0"));
    pool.shutdown().unwrap();
    let refused = event_loop.run_in_executor(Some(&pool), || ()).unwrap_err();
    assert!(refused.to_string().contains("shut down"), "{refused}");
}

/// Keeps jobs until the test runs or drops them.
#[derive(Default)]
struct Shelf(Mutex<Vec<Job>>);

impl Executor for Shelf {
    fn execute(&self, job: Job) -> asyncio::Result<()> {
        self.0.lock().unwrap().push(job);
        Ok(())
    }
}

#[asyncio::test(timeout = "20s")]
async fn an_executor_of_ones_own_runs_jobs_when_it_likes() {
    let shelf = Shelf::default();
    let event_loop = get_running_loop().unwrap();
    let future = event_loop.run_in_executor(Some(&shelf), || Ok::<_, Error>(1)).unwrap();
    let job = shelf.0.lock().unwrap().pop().unwrap();
    assert!(format!("{job:?}").contains("run_in_executor.rs"), "{job:?}");
    thread::spawn(move || job.run());
    assert_eq!(future.await.unwrap(), 1);
}

#[asyncio::test(timeout = "20s")]
async fn a_job_that_an_executor_drops_is_cancelled_and_nobody_waits_for_ever() {
    let shelf = Shelf::default();
    let event_loop = get_running_loop().unwrap();
    let future = event_loop.run_in_executor(Some(&shelf), || ()).unwrap();
    shelf.0.lock().unwrap().clear();
    assert!(future.await.unwrap_err().is_cancelled());
}

struct Full;

impl Executor for Full {
    fn execute(&self, _job: Job) -> asyncio::Result<()> {
        Err(Error::runtime_error("no room"))
    }
}

// CPython: test_base_events.BaseEventLoopTests.test_set_default_executor
#[asyncio::test(timeout = "20s")]
async fn the_default_executor_can_be_set_and_an_executor_can_refuse() {
    let event_loop = get_running_loop().unwrap();
    let refused = event_loop.run_in_executor(Some(&Full), || ()).unwrap_err();
    assert!(refused.to_string().contains("no room"));
    let pool = ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("chosen").build().unwrap();
    event_loop.set_default_executor(pool.clone());
    let name = || Ok::<_, Error>(thread::current().name().map(str::to_owned));
    assert_eq!(event_loop.run_in_executor(None, name).unwrap().await.unwrap().as_deref(), Some("chosen_0"));
    assert_eq!(asyncio::to_thread(name).await.unwrap().as_deref(), Some("chosen_0"));
}

#[test]
fn a_closed_loop_refuses() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.close().unwrap();
    assert!(event_loop.run_in_executor(None, || ()).unwrap_err().to_string().contains("closed"));
}
