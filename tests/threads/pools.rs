//! `ThreadPoolExecutor`.

use std::collections::HashSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use super::counter::Counter;
use super::gate::gate;
use asyncio::{Error, Executor, ShutdownOptions, ThreadPoolExecutor};

fn pool(max_workers: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(max_workers).build().unwrap()
}

fn ok<T>(value: T) -> Result<T, Error> {
    Ok(value)
}

const LONG: Duration = Duration::from_secs(20);

// CPython: test_concurrent_futures.executor.ExecutorTest.test_submit
// CPython: test_concurrent_futures.executor.ExecutorTest.test_submit_keyword
#[test]
fn a_job_gives_its_result() {
    let pool = pool(2);
    let future = pool.submit(|| ok(6 * 7)).unwrap();
    assert_eq!(future.result(LONG).unwrap(), 42);
    pool.shutdown().unwrap();
}

// CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_default_workers
#[test]
fn the_number_of_threads_has_pythons_default() {
    let processors = thread::available_parallelism().unwrap().get();
    assert_eq!(ThreadPoolExecutor::new().max_workers(), (processors + 4).min(32));
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_max_workers_negative
#[test]
fn a_pool_without_threads_is_refused() {
    let refused = ThreadPoolExecutor::builder().max_workers(0).build().unwrap_err();
    assert!(matches!(&refused, Error::ValueError(_)) && refused.to_string().contains("max_workers"));
    let refused = ThreadPoolExecutor::builder().thread_name_prefix("a\0b").build().unwrap_err();
    assert!(refused.to_string().contains("thread_name_prefix"));
}

// CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_idle_thread_reuse
#[test]
fn an_idle_thread_is_used_again() {
    let pool = pool(8);
    let mut threads = HashSet::new();
    for _ in 0..20 {
        threads.insert(pool.submit(|| ok(thread::current().id())).unwrap().result(LONG).unwrap());
        // The thread sets the result and is idle a moment later: a job that comes in between starts another one.
        while !format!("{pool:?}").contains("doing: []") {
            thread::yield_now();
        }
    }
    assert_eq!(threads.len(), 1);
    pool.shutdown().unwrap();
}

// CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_saturation
#[test]
fn there_are_never_more_threads_than_allowed() {
    let pool = pool(4);
    let (release, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let names: Vec<_> = (0..60)
        .map(|_| {
            let gate = gate.clone();
            let job = move || {
                let _ = gate.lock().unwrap().recv();
                ok(thread::current().id())
            };
            pool.submit(job).unwrap()
        })
        .collect();
    assert!(format!("{pool:?}").contains("threads: 4"), "{pool:?}");
    drop(release);
    let threads: HashSet<_> = names.into_iter().map(|name| name.result(LONG).unwrap()).collect();
    assert!(threads.len() <= 4);
    pool.shutdown().unwrap();
}

#[test]
fn threads_start_when_they_are_needed() {
    let pool = pool(3);
    assert!(format!("{pool:?}").contains("threads: 0"));
    let together = Arc::new(Barrier::new(3));
    let jobs: Vec<_> = (0..3)
        .map(|_| {
            let together = together.clone();
            let meet = move || {
                together.wait();
            };
            pool.submit(meet).unwrap()
        })
        .collect();
    // They meet: so each has a thread of its own.
    jobs.into_iter().for_each(|job| job.result(LONG).unwrap());
    assert!(format!("{pool:?}").contains("threads: 3"));
    pool.shutdown().unwrap();
}

// CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_thread_names_assigned
// CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_thread_names_default
#[test]
fn threads_have_names() {
    let name = || ok(thread::current().name().map(str::to_owned).unwrap_or_default());
    let pool = ThreadPoolExecutor::builder().thread_name_prefix("SpecialPool").build().unwrap();
    assert_eq!(pool.submit(name).unwrap().result(LONG).unwrap(), "SpecialPool_0");
    let default = ThreadPoolExecutor::new().submit(name).unwrap().result(LONG).unwrap();
    assert!(default.starts_with("ThreadPoolExecutor-") && default.ends_with("_0"), "{default}");
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_map
#[test]
fn map_keeps_the_order_of_the_items() {
    let pool = pool(3);
    let powers: Result<Vec<u64>, _> = pool.map(|n: u32| ok(3_u64.pow(n)), 0..10, None).unwrap().collect();
    assert_eq!(powers.unwrap(), (0..10).map(|n| 3_u64.pow(n)).collect::<Vec<_>>());
    pool.shutdown().unwrap();
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_map_exception
#[test]
fn map_ends_with_the_first_error() {
    let divide = |n: i32| 12_i32.checked_div(n).ok_or_else(|| Error::value_error("by zero"));
    let mut map = pool(1).map(divide, [3, 0, 4], None).unwrap();
    assert_eq!(map.next().unwrap().unwrap(), 4);
    assert!(matches!(map.next(), Some(Err(Error::ValueError(_)))));
    assert!(map.next().is_none());
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_map_timeout
// CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_executor_map_current_future_cancel
#[test]
fn map_gives_up_at_its_timeout_and_cancels_what_has_not_begun() {
    let pool = pool(1);
    let (gate, door) = gate();
    let first = pool.submit(move || door.pass()).unwrap();
    gate.reached_blocking();
    let begun = Counter::default();
    let count = begun.clone();
    let job = move |_: u8| count.up();
    let mut map = pool.map(job, [2, 3], Duration::ZERO).unwrap();
    assert!(map.next().unwrap().unwrap_err().is_timeout());
    assert!(map.next().is_none());
    gate.open();
    first.result(LONG).unwrap();
    pool.shutdown().unwrap();
    assert_eq!(begun.get(), 0);
}

// CPython: test_concurrent_futures.test_thread_pool.ThreadPoolExecutorTest.test_map_submits_without_iteration
#[test]
fn map_submits_at_the_call_and_its_drop_cancels_what_has_not_begun() {
    let finished = Arc::new(Mutex::new(Vec::new()));
    let record = |finished: &Arc<Mutex<Vec<i32>>>| {
        let finished = finished.clone();
        move |n| finished.lock().unwrap().push(n)
    };
    let running = pool(4);
    let map = running.map(record(&finished), 0..10, None).unwrap();
    running.shutdown().unwrap();
    finished.lock().unwrap().sort_unstable();
    assert_eq!(*finished.lock().unwrap(), (0..10).collect::<Vec<_>>());
    drop(map);

    let blocked = pool(1);
    let (gate, door) = gate();
    let first = blocked.submit(move || door.pass()).unwrap();
    drop(blocked.map(record(&finished), 100..110, None).unwrap());
    gate.open();
    blocked.shutdown().unwrap();
    first.result(LONG).unwrap();
    assert_eq!(finished.lock().unwrap().len(), 10);
}

// CPython: test_concurrent_futures.executor.ExecutorTest.test_no_stale_references
// CPython: test_concurrent_futures.executor.ExecutorTest.test_free_reference
#[test]
fn a_function_is_gone_before_its_result_is_heard_of() {
    let pool = pool(1);
    let witness = Arc::new(());
    let held = witness.clone();
    pool.submit(move || drop(held.clone())).unwrap().result(LONG).unwrap();
    assert_eq!(Arc::strong_count(&witness), 1);
    let map = pool.map(|item: Arc<()>| ok(Arc::strong_count(&item)), [witness.clone()], None).unwrap();
    map.for_each(|count| assert_eq!(count.unwrap(), 2));
    assert_eq!(Arc::strong_count(&witness), 1);
}

// CPython: test_concurrent_futures.test_init.InitializerMixin.test_initializer
#[test]
fn the_initializer_runs_first_in_each_thread() {
    thread_local!(static READY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    let pool = ThreadPoolExecutor::builder().max_workers(2).initializer(|| READY.set(true)).build().unwrap();
    let together = Arc::new(Barrier::new(2));
    let jobs: Vec<_> = (0..2)
        .map(|_| {
            let together = together.clone();
            pool.submit(move || {
                together.wait();
                ok(READY.get())
            })
            .unwrap()
        })
        .collect();
    assert!(jobs.into_iter().all(|job| job.result(LONG).unwrap()));
}

// CPython: test_concurrent_futures.test_init.FailingInitializerMixin.test_initializer
#[test]
fn a_failing_initializer_breaks_the_pool_and_hangs_nobody() {
    let (release, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let fail = move || {
        let _ = gate.lock().unwrap().recv();
        Err::<(), _>(Error::value_error("no database"))
    };
    let pool = ThreadPoolExecutor::builder().max_workers(1).initializer(fail).build().unwrap();
    let waiting: Vec<_> = (0..3).map(|_| pool.submit(|| ()).unwrap()).collect();
    drop(release);
    for job in waiting {
        let error = job.result(LONG).unwrap_err();
        assert!(matches!(&error, Error::BrokenThreadPool(_)) && error.to_string().contains("no database"), "{error}");
    }
    assert!(matches!(pool.submit(|| ()), Err(Error::BrokenThreadPool(_))));
    pool.shutdown().unwrap();
}

#[test]
fn a_panicking_initializer_breaks_the_pool_too() {
    let pool = ThreadPoolExecutor::builder().initializer(|| -> () { panic!("out of tea") }).build().unwrap();
    let error = pool.submit(|| ()).unwrap().result(LONG).unwrap_err();
    assert!(error.to_string().contains("out of tea"), "{error}");
}

// CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_run_after_shutdown
// CPython: test_concurrent_futures.executor.ExecutorTest.test_shutdown_race_issue12456
#[test]
fn a_pool_that_was_shut_down_refuses_and_may_be_shut_down_again() {
    let pool = pool(2);
    pool.shutdown().unwrap();
    assert!(matches!(pool.submit(|| ()), Err(Error::RuntimeError(_))));
    pool.shutdown().unwrap();
}

// CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_threads_terminate
// CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_context_manager_shutdown
// CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_hang_issue12364
#[test]
fn shutdown_finishes_what_was_submitted_and_joins_the_threads() {
    let pool = pool(3);
    let finished = Counter::default();
    for _ in 0..50 {
        let finished = finished.clone();
        pool.submit(move || finished.up()).unwrap();
    }
    pool.shutdown().unwrap();
    assert_eq!(finished.get(), 50);
    assert!(format!("{pool:?}").contains("threads: 0"));
}

// CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_cancel_futures
#[test]
fn shutdown_can_cancel_what_has_not_begun() {
    let pool = pool(1);
    let (gate, door) = gate();
    let running = pool.submit(move || door.pass()).unwrap();
    gate.reached_blocking();
    let waiting: Vec<_> = (0..20).map(|_| pool.submit(|| ()).unwrap()).collect();
    let options = ShutdownOptions::new().wait(false).cancel_futures(true);
    pool.shutdown_with(options).unwrap();
    assert!(waiting.iter().all(|job| job.cancelled()));
    assert!(running.running());
    gate.open();
    pool.shutdown().unwrap();
    running.result(LONG).unwrap();
}

// CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_shutdown_no_wait
// CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_cancel_futures_wait_false
#[test]
fn shutdown_without_waiting_finishes_what_was_submitted() {
    let pool = pool(1);
    let (gate, door) = gate();
    pool.submit(move || door.pass()).unwrap();
    let last = pool.submit(|| ok("done")).unwrap();
    pool.shutdown_with(ShutdownOptions::new().wait(false)).unwrap();
    gate.open();
    assert_eq!(last.result(LONG).unwrap(), "done");
}

// CPython: test_concurrent_futures.test_shutdown.ThreadPoolShutdownTest.test_del_shutdown
#[test]
fn threads_of_a_pool_without_handles_finish_and_end() {
    let pool = pool(1);
    let (gate, door) = gate();
    pool.submit(move || door.pass()).unwrap();
    thread_local!(static HELD: std::cell::RefCell<Option<Sender<()>>> = const { std::cell::RefCell::new(None) });
    let (held, gone) = channel();
    let last = pool.submit(move || HELD.set(Some(held))).unwrap();
    drop(pool);
    gate.open();
    last.result(LONG).unwrap();
    assert_eq!(gone.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected), "the thread has ended");
}

#[test]
fn a_job_cannot_wait_for_its_own_pool() {
    let pool = pool(1);
    let own = pool.clone();
    let refused = pool.submit(move || own.shutdown()).unwrap().result(LONG).unwrap_err();
    assert!(refused.to_string().contains("its own pool"), "{refused}");
    pool.shutdown().unwrap();
}

#[test]
fn a_job_may_submit_another_one() {
    let pool = pool(1);
    let own = pool.clone();
    let inner = pool.submit(move || own.submit(|| ok(5))).unwrap().result(LONG).unwrap();
    assert_eq!(inner.result(LONG).unwrap(), 5);
}

#[test]
fn a_panicking_destructor_costs_no_thread() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let pool = pool(1);
    let (gate, door) = gate();
    pool.submit(move || door.pass()).unwrap();
    let bad = Bad;
    let cancelled = pool.submit(move || drop(bad)).unwrap();
    assert!(cancelled.cancel());
    gate.open();
    assert_eq!(pool.submit(|| ok(1)).unwrap().result(LONG).unwrap(), 1);
    pool.shutdown().unwrap();
}
