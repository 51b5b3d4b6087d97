//! `gather` and `gather!`.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Result, catch_cancelled, create_task, gather, shield, sleep};

use crate::support::net::running;
use crate::support::reports::Reports;

const SECOND: Duration = Duration::from_secs(1);

async fn after(seconds: u64, value: u64) -> Result<u64> {
    sleep(SECOND * seconds as u32).await;
    Ok(value)
}

async fn failing_after(seconds: u64, what: &'static str) -> Result<u64> {
    sleep(SECOND * seconds as u32).await;
    Err(Error::value_error(what))
}

/// Lets everything run that is ready.
async fn settle() {
    for _ in 0..10 {
        sleep(Duration::ZERO).await;
    }
}

#[asyncio::test(virtual_time)]
async fn results_come_in_the_order_given_whoever_is_first() -> Result<()> {
    let began = running().time();
    // CPython: test_tasks.GatherTestsBase.test_success, CoroutineGatherTests.test_constructor_use_running_loop
    assert_eq!(gather([after(3, 30), after(1, 10), after(2, 20)]).await?, [30, 10, 20]);
    assert_eq!(running().time() - began, 3 * SECOND, "they ran beside each other");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn nothing_to_gather_gives_nothing_at_once() -> Result<()> {
    // CPython: test_tasks.FutureGatherTests.test_constructor_empty_sequence_use_running_loop
    let empty = gather(Vec::<asyncio::Task<u8>>::new());
    assert!(empty.done());
    assert_eq!(empty.await?, []);
    asyncio::gather!().await
}

#[asyncio::test(virtual_time)]
async fn children_run_from_the_call_on_and_not_from_the_await() -> Result<()> {
    let log = Rc::new(RefCell::new(Vec::new()));
    let noting = |n| {
        let log = log.clone();
        async move {
            log.borrow_mut().push(n);
            Ok::<_, Error>(())
        }
    };
    let all = gather([noting(1), noting(2)]);
    settle().await;
    assert_eq!(*log.borrow(), [1, 2]);
    assert!(all.done());
    all.await?;
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_task_is_gathered_as_it_is() -> Result<()> {
    let task = create_task(after(1, 7)).named("seven");
    let before = running().all_tasks().len();
    let all = gather([task]);
    assert_eq!(running().all_tasks().len(), before, "no other task was made for it");
    assert_eq!(all.await?, [7]);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn the_first_error_comes_at_once_and_the_others_run_on_in_silence() -> Result<()> {
    // CPython: test_tasks.GatherTestsBase.test_one_exception
    let survivor = Rc::new(RefCell::new(false));
    let survived = survivor.clone();
    let began = running().time();
    let late = async move {
        sleep(2 * SECOND).await;
        *survived.borrow_mut() = true;
        Ok::<_, Error>(0)
    };
    let children = [create_task(failing_after(1, "first")), create_task(failing_after(2, "second")), create_task(late)];
    let cancelled = create_task(after(9, 9));
    let handle = cancelled.as_any();
    let error = gather(children.into_iter().chain([cancelled])).await.unwrap_err();
    assert!(error.to_string().contains("first"), "{error}");
    assert_eq!(running().time() - began, SECOND);
    handle.cancel();
    sleep(2 * SECOND).await;
    assert!(*survivor.borrow());
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn errors_after_the_first_are_nobody_s_concern_whenever_they_come() {
    // CPython: test_tasks.CoroutineGatherTests.test_exception_marking
    let reports = Reports::here();
    let (gate, late_gate) = (running().create_future::<()>(), running().create_future::<()>());
    let failing = |gate: &asyncio::Future<()>| {
        let gate = gate.clone();
        async move {
            gate.await?;
            Err::<(), _>(Error::runtime_error("one of several"))
        }
    };
    let waiter = create_task(gather([failing(&gate), failing(&gate), failing(&late_gate)]));
    settle().await;
    gate.set_result(()).unwrap();
    assert!(waiter.await.is_err());
    late_gate.set_result(()).unwrap();
    settle().await;
    assert_eq!(reports.messages(), [""; 0]);
    // Nor those of children that were cancelled with the waiter, and fail after it has left.
    let child = |failing| async move {
        let cancelled = catch_cancelled(sleep(9 * SECOND)).await.err().map(Error::from);
        if failing {
            sleep(SECOND).await;
            return Err::<(), _>(Error::runtime_error("while cleaning up"));
        }
        Err(cancelled.expect("nine seconds have not passed"))
    };
    let waiter = create_task(gather([child(false), child(true)]));
    settle().await;
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    sleep(2 * SECOND).await;
    assert_eq!(reports.messages(), [""; 0]);
}

#[asyncio::test(virtual_time)]
async fn return_exceptions_waits_for_all_and_gives_each_its_own() {
    // CPython: test_tasks.GatherTestsBase.test_return_exceptions, test_result_exception_success
    // CPython: test_tasks.FutureGatherTests.test_result_exception_one_cancellation
    let cancelled = create_task(after(9, 9));
    cancelled.cancel();
    let children = [create_task(after(2, 2)), create_task(failing_after(1, "no")), cancelled];
    let results = gather(children).return_exceptions().await;
    assert_eq!(*results[0].as_ref().unwrap(), 2);
    assert!(results[1].as_ref().unwrap_err().to_string().contains("no"));
    assert!(results[2].as_ref().unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_child_that_was_cancelled_has_failed_with_that() {
    // CPython: test_tasks.GatherTestsBase.test_one_cancellation
    let child = create_task(after(9, 9));
    let handle = child.as_any();
    running().call_later(SECOND, move || assert!(handle.cancel_with("enough"))).unwrap();
    let error = gather([child, create_task(after(1, 1))]).await.unwrap_err();
    assert!(matches!(&error, Error::CancelledError(cancelled) if cancelled.message() == Some("enough")), "{error}");
}

#[asyncio::test(virtual_time)]
async fn cancelling_the_waiter_cancels_every_child_and_the_waiter_leaves() {
    // CPython: test_tasks.CoroutineGatherTests.test_cancellation_broadcast
    let children: Vec<_> = (0..3).map(|n| create_task(after(9, n))).collect();
    let handles: Vec<_> = children.iter().map(|child| child.as_any()).collect();
    let waiter = create_task(async move { gather(children).await });
    settle().await;
    assert!(waiter.cancel_with("go"));
    settle().await;
    assert!(handles.iter().all(|child| child.cancelled()));
    assert!(waiter.cancelled(), "nothing in it could keep it");
}

#[asyncio::test(virtual_time)]
async fn a_cancelled_waiter_of_return_exceptions_leaves_with_the_message_when_all_have_ended() {
    // CPython: test_tasks.GatherTestsBase / test_cancel_gather_2
    let slow = create_task(async {
        let caught = catch_cancelled(sleep(9 * SECOND)).await;
        sleep(SECOND).await;
        caught.map_err(Error::from)
    });
    let quick = create_task(async {});
    let waiter = create_task(async move {
        let all = catch_cancelled(gather([slow, quick]).return_exceptions()).await;
        Ok::<_, Error>(all.unwrap_err().message().map(str::to_owned))
    });
    settle().await;
    let began = running().time();
    waiter.cancel_with("my message");
    assert_eq!(waiter.await.unwrap().as_deref(), Some("my message"));
    assert_eq!(running().time() - began, SECOND, "it waited for the clean-up");
}

#[asyncio::test(virtual_time)]
async fn cancel_is_refused_once_all_children_are_done() -> Result<()> {
    // CPython: test_tasks.test_cancel_gather_1
    let all = gather([after(0, 1)]);
    settle().await;
    assert!(all.done() && !all.cancel());
    assert_eq!(all.await?, [1]);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn cancel_by_hand_reaches_the_children_and_is_what_awaiting_gives() {
    let all = gather([after(9, 1), after(9, 2)]);
    settle().await;
    assert!(all.cancel());
    assert!(all.await.unwrap_err().is_cancelled());
    let all = gather([after(9, 1)]).return_exceptions();
    settle().await;
    assert!(all.cancel());
    assert!(catch_cancelled(all).await.is_err(), "there is no list to give");
}

#[asyncio::test(virtual_time)]
async fn a_shield_around_it_and_shields_inside_of_it_hold_a_cancel_off() -> Result<()> {
    // CPython: test_tasks.test_shield_gather, test_gather_shield
    let child = || create_task(after(2, 2));
    let inside = gather([child(), child()]);
    let outside = create_task(shield(inside));
    settle().await;
    outside.cancel();
    assert!(outside.await.unwrap_err().is_cancelled());
    let children = [child(), child()];
    let handles = children.each_ref().map(|child| child.as_any());
    let all = gather(children.map(shield));
    settle().await;
    assert!(all.cancel());
    assert!(all.await.unwrap_err().is_cancelled());
    assert!(running().all_tasks().len() == 6, "the children, the gathered ones, and the test");
    sleep(3 * SECOND).await;
    assert!(handles.iter().all(|child| child.done() && !child.cancelled()));
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn an_error_that_comes_before_the_cancel_does_is_what_the_waiter_gets() {
    let failing = create_task(async {
        let cancelled = catch_cancelled(sleep(9 * SECOND)).await;
        assert!(cancelled.is_err());
        Err::<u64, _>(Error::value_error("while cleaning up"))
    });
    let waiter = create_task(async move { gather([failing]).await });
    settle().await;
    waiter.cancel();
    let error = waiter.await.unwrap_err();
    assert!(error.to_string().contains("while cleaning up"), "{error}");
}

#[asyncio::test(virtual_time)]
async fn a_waiter_that_is_cancelled_before_its_first_poll_never_gathers() {
    let waiter = create_task(async { gather([after(1, 1)]).await });
    waiter.cancel();
    settle().await;
    assert!(waiter.cancelled());
    assert_eq!(running().all_tasks().len(), 1, "its children were never made");
}

#[asyncio::test(virtual_time)]
async fn a_waiter_that_is_cancelled_in_the_tick_of_the_last_result_leaves() {
    let child = running().create_future::<u64>();
    let setter = child.clone();
    let waiter = create_task(async move { gather([async move { child.await }]).await });
    settle().await;
    setter.set_result(1).unwrap();
    waiter.cancel();
    settle().await;
    assert!(waiter.cancelled());
}

#[asyncio::test(virtual_time)]
async fn dropping_it_leaves_the_children_running() {
    let child = create_task(after(1, 1));
    let handle = child.as_any();
    drop(gather([child]));
    sleep(2 * SECOND).await;
    assert!(handle.done() && !handle.cancelled());
}

#[asyncio::test(virtual_time)]
async fn the_failure_of_a_gather_that_nobody_awaited_is_reported_once() {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let seen = reports.clone();
    running().set_exception_handler(move |_, context| {
        seen.borrow_mut().push((context.message().to_owned(), context.get_exception().map(ToString::to_string)));
    });
    drop(gather([failing_after(1, "one"), failing_after(2, "two")]));
    sleep(3 * SECOND).await;
    running().clear_exception_handler();
    let reports = reports.borrow();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0].0, "exception of a gather() was never retrieved");
    assert!(reports[0].1.as_deref().unwrap().contains("one"));
}

#[asyncio::test(virtual_time)]
async fn things_of_different_types_come_back_as_a_tuple() -> Result<()> {
    let text = async { Ok::<_, Error>("text") };
    let (number, text, nothing) = asyncio::gather!(after(2, 5), text, sleep(SECOND)).await?;
    assert_eq!((number, text, nothing), (5, "text", ()));
    let (good, bad) = asyncio::gather!(after(1, 1), failing_after(1, "bad"), return_exceptions = true).await;
    assert_eq!(good?, 1);
    assert!(bad.unwrap_err().to_string().contains("bad"));
    let error = asyncio::gather!(after(1, 1), failing_after(2, "late"), return_exceptions = false).await.unwrap_err();
    assert!(error.to_string().contains("late"));
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_panic_in_a_child_is_its_error() {
    let error = gather([async { if true { panic!("oh no") } else { Ok::<(), Error>(()) } }]).await.unwrap_err();
    assert!(matches!(error, Error::Panic(_)), "{error}");
}

#[test]
#[should_panic(expected = "no event loop is running on this thread")]
fn without_a_loop_it_panics() {
    // CPython: test_tasks.CoroutineGatherTests.test_constructor_without_loop
    drop(gather([async {}]));
}

#[test]
#[should_panic(expected = "gather: no event loop is running")]
fn without_a_loop_it_panics_with_nothing_as_well() {
    // CPython: test_tasks.FutureGatherTests.test_constructor_empty_sequence_without_loop
    drop(gather(Vec::<asyncio::Task<()>>::new()));
}

#[test]
fn a_task_of_another_loop_is_refused() {
    // CPython: test_tasks.FutureGatherTests.test_constructor_heterogenous_futures
    let other = asyncio::EventLoop::new().unwrap();
    let foreign = || other.create_task(async {}).unwrap();
    let (gathered, shielded, first) = (foreign(), foreign(), foreign());
    let outcomes = asyncio::run(async move {
        let first = asyncio::as_completed([first]).next().await.expect("there is one")?;
        Ok::<_, Error>([gather([gathered]).await.map(drop), shield(shielded).await, first.await])
    });
    for outcome in outcomes.unwrap() {
        assert!(matches!(&outcome, Err(Error::RuntimeError(text)) if text.as_str().contains("another event loop")));
    }
    other.close().unwrap();
}
