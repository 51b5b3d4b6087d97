//! Panics: caught in the step, delivered to whoever awaits, and able to go on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use asyncio::{Error, Panic};

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use crate::support::tasks::{Dropped, HOUR, me, panics, tick, ticks};

fn panic_of(outcome: asyncio::Result<()>) -> Panic {
    match outcome {
        Err(Error::Panic(panic)) => panic,
        other => panic!("{other:?}"),
    }
}

#[asyncio::test]
async fn a_panic_ends_its_task_and_is_an_error_for_whoever_awaits() {
    let line = line!() + 2;
    let task = asyncio::create_task(async {
        assert!(me().done(), "out of {}", "tea");
    });
    let panic = panic_of(task.await);
    assert_eq!(panic.message(), "out of tea");
    let location = panic.location().expect("the hook noted it");
    assert!(location.contains(&format!("panics.rs:{line}:")), "{location}");
    assert!(Error::Panic(panic).to_string().starts_with("Panic: out of tea (at "));
    tick().await;
}

#[asyncio::test]
async fn a_panic_goes_on_unwinding_where_somebody_wants_it_to() {
    let task = asyncio::create_task(async {
        tick().await;
        std::panic::panic_any(17u8);
        #[expect(unreachable_code, reason = "says what the block gives")]
        Ok::<_, Error>(())
    });
    let panic = panic_of(task.await);
    assert_eq!(panic.message(), "a value that is no text");
    let again = panic.clone();
    let payload = catch_unwind(AssertUnwindSafe(|| panic.resume())).unwrap_err();
    assert_eq!(payload.downcast_ref::<u8>(), Some(&17), "the payload itself");
    let payload = catch_unwind(AssertUnwindSafe(|| again.resume())).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("a value that is no text"));
}

#[asyncio::test]
async fn a_panic_is_not_a_cancel_and_not_lost_on_the_others() {
    let other = asyncio::create_task(async {
        ticks(3).await;
        Ok::<_, Error>("unharmed")
    });
    let task = asyncio::create_task(async { panics("alone") });
    tick().await;
    assert!(task.done() && !task.cancelled());
    assert!(matches!(task.exception(), Ok(Some(Error::Panic(_)))));
    assert!(matches!(task.result(), Err(Error::Panic(_))), "as often as one asks");
    assert_eq!(other.await.unwrap(), "unharmed");
}

#[asyncio::test]
async fn everything_a_panicking_task_held_is_dropped() {
    let journal = Journal::default();
    let (captured, local) = (Dropped::noted(&journal, "captured"), Dropped::noted(&journal, "local"));
    let task = asyncio::create_task(async move {
        let _captured = captured;
        let _local = local;
        tick().await;
        panics("now");
    });
    panic_of(task.await);
    assert_eq!(journal.entries(), ["local", "captured"]);
}

#[asyncio::test]
async fn a_panic_in_a_destructor_while_a_task_leaves_is_its_end() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let task = asyncio::create_task(async {
        let _bomb = Bomb;
        asyncio::sleep(HOUR).await;
    });
    tick().await;
    task.cancel();
    assert_eq!(panic_of(task.await).message(), "in a destructor");
}

#[asyncio::test]
async fn a_panic_in_a_done_callback_is_reported_and_the_others_run() {
    let reports = Reports::here();
    let journal = Journal::default();
    let task = asyncio::create_task(async {});
    let (first, last) = (journal.clone(), journal.clone());
    task.add_done_callback(move |_| first.note("first"));
    task.add_done_callback(|_| panics("in a callback"));
    task.add_done_callback(move |_| last.note("last"));
    ticks(2).await;
    assert_eq!(journal.entries(), ["first", "last"]);
    let report = reports.one();
    assert!(report.message.starts_with("Exception in callback "), "{}", report.message);
    assert!(matches!(&report.exception, Some(Error::Panic(panic)) if panic.message() == "in a callback"));
}

#[asyncio::test]
async fn a_panic_in_a_callback_of_the_loop_is_reported_and_the_loop_goes_on() {
    let reports = Reports::here();
    asyncio::get_running_loop().unwrap().call_soon(|| panics("in call_soon")).unwrap();
    ticks(2).await;
    let report = reports.one();
    assert!(matches!(&report.exception, Some(Error::Panic(panic)) if panic.message() == "in call_soon"));
    assert!(report.keys.contains(&"handle"));
}

#[asyncio::test]
async fn a_panic_in_the_first_step_of_many_tasks_ends_each_of_them() {
    let tasks: Vec<_> =
        (0..100).map(|number| asyncio::create_task(async move { panics(&number.to_string()) })).collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(panic_of(task.await).message(), number.to_string());
    }
}

#[asyncio::test]
async fn a_panic_in_an_awaited_chain_travels_as_an_error_until_it_is_resumed() {
    let inner = asyncio::create_task(async { panics("deep inside") });
    let outer = asyncio::create_task(async move {
        match inner.await {
            Err(Error::Panic(panic)) => panic.resume(),
            other => other,
        }
    });
    assert_eq!(panic_of(outer.await).message(), "deep inside");
}

#[test]
fn a_panic_of_what_run_runs_is_an_error_too() {
    let panic = panic_of(asyncio::run(async { panics("in main") }));
    assert_eq!(panic.message(), "in main");
    let event_loop = asyncio::new_event_loop().unwrap();
    let panic = panic_of(event_loop.run_until_complete(async { panics("again") }));
    assert_eq!(panic.message(), "again");
    event_loop.run_until_complete(async {}).unwrap();
}

#[asyncio::test(virtual_time)]
async fn the_current_task_cell_and_context_are_put_back_after_a_panic() {
    let this = me();
    let task = asyncio::Task::builder().eager_start(true).create_task(async {
        me().cancel();
        panics("eagerly");
    });
    panic_of(task.unwrap().await);
    assert_eq!(me(), this);
    assert_eq!(me().cancelling(), 0);
    tick().await;
}
