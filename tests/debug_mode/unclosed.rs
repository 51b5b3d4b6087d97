//! Executors, loops and readers that nobody has closed; transports and servers stand in their own chapters.

use asyncio::{Error, EventLoop, Executor, Runner, ThreadPoolExecutor};
use log::Level;

use crate::support::log::{collect, collected};

/// What was said of pools. A busy machine may say that the program was slow, too.
fn of_pools() -> Vec<String> {
    collected(Level::Warn).into_iter().filter(|text| text.contains("ASY0011")).collect()
}

/// The warnings of a program that makes and drops a pool.
fn warnings(debug: bool, program: impl FnOnce() -> Result<(), Error> + 'static) -> Vec<String> {
    collect();
    let mut runner = Runner::builder().debug(debug).build();
    runner.run(async move { program() }).unwrap();
    runner.close().unwrap();
    of_pools()
}

fn used(pool: &ThreadPoolExecutor) -> Result<(), Error> {
    pool.submit(|| ())?.result(None)
}

#[test]
fn a_pool_that_was_used_and_dropped_is_reported_with_the_line_that_made_it() {
    let line = line!() + 2;
    let all = warnings(true, || {
        let pool = ThreadPoolExecutor::builder().max_workers(1).build()?;
        used(&pool)
    });
    let [warning] = &all[..] else { panic!("{all:?}") };
    let place = format!("ASY0011: a ThreadPoolExecutor, made at {}:{line}:", file!());
    assert!(warning.starts_with(&place), "{warning}");
    assert!(warning.ends_with("call shutdown() when you are done with it"), "{warning}");
}

#[test]
fn a_pool_that_outlives_its_loop_is_reported_too() {
    let kept = std::rc::Rc::new(std::cell::RefCell::new(None));
    let keep = kept.clone();
    let all = warnings(true, move || {
        let pool = ThreadPoolExecutor::new();
        used(&pool)?;
        keep.replace(Some(pool));
        Ok(())
    });
    assert!(all.is_empty(), "it may still be shut down: {all:?}");
    drop(kept.take());
    assert_eq!(of_pools().len(), 1);
}

#[test]
fn pools_that_were_shut_down_never_used_or_given_to_the_loop_are_not_reported() {
    let all = warnings(true, || {
        let pool = ThreadPoolExecutor::new();
        used(&pool)?;
        let clone = pool.clone();
        drop(pool);
        clone.shutdown()?;
        drop(ThreadPoolExecutor::new());
        // The runner shuts it down.
        let default = ThreadPoolExecutor::new();
        used(&default)?;
        asyncio::get_running_loop()?.set_default_executor(default);
        Ok(())
    });
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn the_threads_that_resolve_names_are_no_pool_of_the_program_s() {
    collect();
    let mut runner = Runner::builder().debug(true).build();
    let lookup = async { asyncio::get_running_loop()?.getaddrinfo("localhost", 80).await };
    assert!(!runner.run(lookup).unwrap().is_empty());
    runner.close().unwrap();
    drop(runner);
    assert_eq!(of_pools(), [""; 0]);
}

#[test]
fn outside_of_debug_mode_no_pool_is_reported() {
    let all = warnings(false, || used(&ThreadPoolExecutor::new()));
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn a_loop_that_is_dropped_before_it_is_closed_is_reported_in_debug_mode() {
    // CPython: test_base_events.BaseEventLoopTests / BaseEventLoop.__del__ (ResourceWarning)
    for debug in [true, false] {
        collect();
        drop(EventLoop::builder().debug(debug).build().unwrap());
        let all = collected(Level::Warn);
        assert_eq!(all.iter().filter(|text| text.starts_with("ASY0008: ")).count(), usize::from(debug), "{all:?}");
        let closed = EventLoop::builder().debug(true).build().unwrap();
        closed.close().unwrap();
        drop(closed);
        assert_eq!(collected(Level::Warn).len(), all.len());
    }
}
