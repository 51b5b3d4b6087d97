//! Runners: <https://docs.python.org/3/library/asyncio-runner.html>
//!
//! Ctrl-C and exit codes concern the process: they are in `process_wide/`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use asyncio::{AnyTask, ContextVar, Error, EventLoop, ExceptionContext, Result, Runner};

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use crate::support::tasks::{HOUR, millis, panics, tick, ticks};

#[test]
fn run_returns_the_value() {
    // CPython: test_runners.RunTests.test_asyncio_run_return
    let value = asyncio::run(async {
        tick().await;
        Ok::<_, Error>(42)
    });
    assert_eq!(value.unwrap(), 42);
}

#[test]
fn run_returns_the_error() {
    // CPython: test_runners.RunTests.test_asyncio_run_raises
    let error = asyncio::run(async {
        tick().await;
        Err::<(), _>(Error::value_error("spam"))
    });
    assert!(matches!(error, Err(Error::ValueError(text)) if text.as_str() == "spam"));
}

#[test]
fn a_runner_switches_debug_mode() {
    // CPython: test_runners.RunTests.test_asyncio_run_debug, RunnerTests.test_debug, test_non_debug
    for debug in [false, true] {
        let mut runner = Runner::builder().debug(debug).build();
        assert_eq!(runner.get_loop().unwrap().get_debug(), debug);
        let inside = runner.run(async { Ok::<_, Error>(asyncio::get_running_loop()?.get_debug()) });
        assert_eq!(inside.unwrap(), debug);
    }
}

#[asyncio::test]
async fn run_inside_of_a_running_loop_is_an_error_and_begins_nothing() {
    // CPython: test_runners.RunTests.test_asyncio_run_from_running_loop, RunnerTests.test_recursive_run
    let begun = Rc::new(Cell::new(false));
    let inner = begun.clone();
    let error = asyncio::run(async move { inner.set(true) }).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("await")), "{error}");
    assert!(matches!(Runner::new().run(async {}), Err(Error::RuntimeError(_))));
    tick().await;
    assert!(!begun.get());
}

#[test]
fn tasks_that_are_left_are_cancelled_and_awaited() {
    // CPython: test_runners.RunTests.test_asyncio_run_cancels_hanging_tasks
    let journal = Journal::default();
    let left = Rc::new(RefCell::new(None::<AnyTask>));
    let (place, mut notes) = (left.clone(), journal.clone());
    let value = asyncio::run(async move {
        let task = asyncio::create_task(async move {
            asyncio::with_cleanup(
                &mut notes,
                async |_| asyncio::sleep(HOUR).await,
                async |notes| {
                    asyncio::sleep(millis(2)).await;
                    notes.note("cleaned up");
                },
            )
            .await;
        });
        *place.borrow_mut() = Some(task.as_any());
        tick().await;
        Ok::<_, Error>(123)
    });
    assert_eq!(value.unwrap(), 123);
    assert!(left.borrow().as_ref().expect("it was put there").cancelled());
    assert_eq!(journal.entries(), ["cleaned up"]);
}

#[test]
fn failures_of_tasks_that_are_left_are_reported() {
    // CPython: test_runners.RunTests.test_asyncio_run_reports_hanging_tasks_errors
    let reports = Rc::new(RefCell::new(None));
    let place = reports.clone();
    let value = asyncio::run(async move {
        *place.borrow_mut() = Some(Reports::here());
        let fails = async {
            let _ = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
            Err::<(), _>(Error::value_error("1 / 0"))
        };
        drop(asyncio::create_task(fails).named("leftover"));
        tick().await;
        Ok::<_, Error>(123)
    });
    assert_eq!(value.unwrap(), 123);
    let reports = reports.take().expect("they were put there");
    let report = reports.one();
    assert_eq!(report.message, "unhandled exception during asyncio.run() shutdown");
    assert_eq!(report.code, Some("ASY0014"));
    assert_eq!(report.task.as_deref(), Some("leftover"));
    assert!(matches!(report.exception, Some(Error::ValueError(_))));
}

#[test]
fn failures_at_the_shutdown_are_reported_in_the_context_of_their_task() {
    static REQUEST: ContextVar<u32> = ContextVar::new("request");
    let seen = Rc::new(RefCell::new(Vec::new()));
    let noted = seen.clone();
    asyncio::run(async move {
        let handler = move |_: &EventLoop, context: &ExceptionContext| {
            noted.borrow_mut().push((context.keys(), REQUEST.get()));
        };
        asyncio::get_running_loop()?.set_exception_handler(handler);
        drop(asyncio::create_task(async {
            REQUEST.set(7);
            let _ = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
            Err::<(), _>(Error::value_error("1 / 0"))
        }));
        tick().await;
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(seen.take(), [(vec!["exception", "source_traceback", "task"], Some(7))]);
}

#[test]
fn the_shutdown_runs_also_after_a_failure_and_after_a_panic() {
    // CPython: test_runners.RunTests.test_asyncio_run_closes_gens_after_hanging_tasks_errors
    let endings: [fn() -> Result<()>; 2] = [
        || Err(Error::value_error("fancy exit")),
        || {
            panics("fancy panic");
            Ok(())
        },
    ];
    for ending in endings {
        let journal = Journal::default();
        let mut notes = journal.clone();
        let outcome = asyncio::run(async move {
            drop(asyncio::create_task(async move {
                let sleeps = async |_: &mut Journal| asyncio::sleep(HOUR).await;
                asyncio::with_cleanup(&mut notes, sleeps, async |notes| notes.note("cleaned up")).await;
            }));
            tick().await;
            ending()
        });
        assert!(outcome.is_err());
        assert_eq!(journal.entries(), ["cleaned up"]);
    }
}

#[test]
fn a_task_that_is_started_during_the_shutdown_does_not_outlive_the_loop() {
    let journal = Journal::default();
    let mut notes = journal.clone();
    asyncio::run(async move {
        // The late task is dropped pending, and reported: the shutdown looks once, as Python's does.
        let _reports = Reports::here();
        drop(asyncio::create_task(async move {
            asyncio::with_cleanup(
                &mut notes,
                async |_| asyncio::sleep(HOUR).await,
                async |notes| {
                    let notes = notes.clone();
                    let late = crate::support::tasks::Dropped::noted(&notes, "late task dropped");
                    drop(asyncio::create_task(async move {
                        let _late = late;
                        asyncio::sleep(HOUR).await;
                    }));
                },
            )
            .await;
        }));
        tick().await;
    })
    .unwrap();
    assert_eq!(journal.entries(), ["late task dropped"]);
}

#[test]
fn run_makes_its_loop_the_current_one_while_it_lasts() {
    // CPython: test_runners.RunTests.test_asyncio_run_set_event_loop, RunnerTests.test_set_event_loop_called_once
    assert!(asyncio::get_event_loop().is_err());
    let mut runner = Runner::new();
    let event_loop = runner.get_loop().unwrap();
    assert_eq!(asyncio::get_event_loop().unwrap(), event_loop);
    for _ in 0..2 {
        runner.run(async {}).unwrap();
        assert_eq!(asyncio::get_event_loop().unwrap(), event_loop);
    }
    runner.close().unwrap();
    assert!(asyncio::get_event_loop().is_err());
}

#[cfg(unix)]
#[test]
fn a_runner_that_cannot_listen_for_its_signal_leaves_no_loop_behind() {
    // Tests run on threads of their own, and signals belong to the main one.
    let mut runner = Runner::builder().dump_tasks_on(asyncio::Signal::SIGUSR1).build();
    let error = runner.run(async {}).unwrap_err();
    assert!(error.to_string().contains("main thread"), "{error}");
    assert!(asyncio::get_event_loop().is_err());
}

#[test]
fn a_loop_factory_is_called_once_and_its_loop_is_not_the_current_one() {
    // CPython: test_runners.RunTests.test_asyncio_run_loop_factory, RunnerTests.test_custom_factory
    let made = Rc::new(RefCell::new(None::<EventLoop>));
    let place = made.clone();
    let factory = move || {
        let event_loop = asyncio::new_event_loop()?;
        let former = place.replace(Some(event_loop.clone()));
        assert!(former.is_none());
        Ok(event_loop)
    };
    let mut runner = Runner::builder().loop_factory(factory).build();
    assert!(made.borrow().is_none(), "it is made at the first use");
    for _ in 0..2 {
        let running = runner.run(async { asyncio::get_running_loop() }).unwrap();
        assert_eq!(Some(&running), made.borrow().as_ref());
        assert!(asyncio::get_event_loop().is_err());
    }
}

#[test]
fn a_factory_that_fails_is_the_run_s_error() {
    let mut runner = Runner::builder().loop_factory(|| Err(Error::value_error("no loop today"))).build();
    assert!(matches!(runner.run(async {}), Err(Error::ValueError(_))));
    runner.close().unwrap();
}

#[test]
fn a_closed_runner_refuses_everything_but_closing() {
    // CPython: test_runners.RunnerTests.test_run, test_explicit_close, test_double_close, test_second_with_block_raises
    let mut runner = Runner::new();
    let value = runner.run(async {
        tick().await;
        Ok::<_, Error>("done")
    });
    assert_eq!(value.unwrap(), "done");
    let event_loop = runner.get_loop().unwrap();
    runner.close().unwrap();
    assert!(event_loop.is_closed());
    let error = runner.get_loop().unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("runner is closed")), "{error}");
    assert!(matches!(runner.run(async {}), Err(Error::RuntimeError(_))));
    runner.close().unwrap();
    let mut unused = Runner::new();
    unused.close().unwrap();
    assert!(unused.get_loop().is_err());
}

#[test]
fn a_runner_that_is_dropped_closes_its_loop_and_what_runs_on_it() {
    let journal = Journal::default();
    let mut notes = journal.clone();
    let event_loop = {
        let mut runner = Runner::new();
        let started = runner.run(async move {
            drop(asyncio::create_task(async move {
                let sleeps = async |_: &mut Journal| asyncio::sleep(HOUR).await;
                asyncio::with_cleanup(&mut notes, sleeps, async |notes| notes.note("cleaned up")).await;
            }));
            tick().await;
        });
        started.unwrap();
        runner.get_loop().unwrap()
    };
    assert!(event_loop.is_closed());
    assert_eq!(journal.entries(), ["cleaned up"]);
    assert!(asyncio::get_event_loop().is_err());
}

#[test]
fn what_can_be_awaited_can_be_run() {
    // CPython: test_runners.RunnerTests.test_run_future and test_run_non_coro refuse it; 3.14 takes any awaitable.
    let mut runner = Runner::new();
    let future = runner.get_loop().unwrap().create_future();
    future.set_result(7).unwrap();
    assert_eq!(runner.run(future).unwrap(), 7);
    let task = runner.get_loop().unwrap().create_task(async { Ok::<_, Error>(8) }).unwrap();
    assert_eq!(runner.run(task).unwrap(), 8);
}

#[test]
fn all_runs_of_a_runner_share_one_context() {
    // CPython: test_runners.RunnerTests.test_run_keeps_context
    static CVAR: ContextVar<i32> = ContextVar::new("cvar");
    let mut runner = Runner::new();
    let mut set = |value| {
        runner.run(async move {
            let former = CVAR.get();
            tick().await;
            CVAR.set(value);
            Ok::<_, Error>(former)
        })
    };
    assert_eq!((set(1).unwrap(), set(2).unwrap(), set(3).unwrap()), (None, Some(1), Some(2)));
    assert_eq!(CVAR.get(), None);
}

#[test]
fn a_run_in_a_context_that_is_given_leaves_the_shared_one_alone() {
    // CPython: test_runners.RunnerTests.test_run_keeps_context, for the keyword `context`
    static CVAR: ContextVar<i32> = ContextVar::new("cvar");
    async fn replace(value: i32) -> Result<Option<i32>> {
        let former = CVAR.get();
        CVAR.set(value);
        Ok(former)
    }
    let mut runner = Runner::new();
    let given = asyncio::copy_context();
    assert_eq!(runner.run(replace(1)).unwrap(), None);
    assert_eq!(runner.run_with_context(given.clone(), replace(2)).unwrap(), None);
    assert_eq!(runner.run_with_context(given.clone(), replace(3)).unwrap(), Some(2));
    assert_eq!(runner.run(replace(4)).unwrap(), Some(1));
    assert_eq!(given.run(|| CVAR.get()), Some(3));
}

#[test]
fn tasks_go_on_from_one_run_to_the_next() {
    let journal = Journal::default();
    let notes = journal.clone();
    let mut runner = Runner::new();
    let start = async move {
        drop(asyncio::create_task(async move {
            ticks(6).await;
            notes.note("ended in a later run");
        }));
    };
    runner.run(start).unwrap();
    assert!(journal.entries().is_empty());
    runner.run(ticks(10)).unwrap();
    assert_eq!(journal.entries(), ["ended in a later run"]);
}

#[test]
fn a_main_that_is_cancelled_is_an_error() {
    let mut runner = Runner::new();
    let error = runner.run(async {
        asyncio::current_task()?.expect("main is a task").cancel_with("by itself");
        tick().await;
        Ok::<_, Error>(())
    });
    match error {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("by itself")),
        other => panic!("{other:?}"),
    }
    runner.run(async {}).unwrap();
}

#[test]
fn stopping_the_loop_ends_a_run_early() {
    let mut runner = Runner::new();
    let stops = async {
        asyncio::get_running_loop()?.stop();
        asyncio::sleep(HOUR).await;
        Ok::<_, Error>(())
    };
    let error = runner.run(stops).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("stopped before")), "{error}");
    runner.run(async {}).unwrap();
}

#[test]
fn a_result_need_not_be_printable() {
    // CPython: test_runners.RunnerTests.test_no_repr_is_call_on_the_task_result
    struct Opaque(Rc<Cell<u8>>);
    let counter = Rc::new(Cell::new(3));
    let inner = counter.clone();
    let value = asyncio::run(async move { Ok::<_, Error>(Opaque(inner)) });
    assert_eq!(value.map(|opaque| opaque.0.get()).ok(), Some(3));
    assert_eq!(Rc::strong_count(&counter), 1, "nothing keeps it");
}

#[test]
fn threads_run_loops_of_their_own() {
    let threads: Vec<_> = (0..4u32)
        .map(|number| {
            std::thread::spawn(move || {
                asyncio::run(async move {
                    asyncio::sleep(millis(u64::from(number))).await;
                    Ok::<_, Error>(number * 2)
                })
            })
        })
        .collect();
    let values: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
    assert_eq!(values, [0, 2, 4, 6]);
}
