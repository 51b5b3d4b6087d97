//! `wait`.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{AnyTask, Error, Result, ReturnWhen, Task, create_task, sleep, wait};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

fn after(seconds: u32) -> Task<u32> {
    create_task(async move {
        sleep(SECOND * seconds).await;
        Ok::<_, Error>(seconds)
    })
}

fn failing_after(seconds: u32) -> Task<u32> {
    create_task(async move {
        sleep(SECOND * seconds).await;
        Err::<u32, _>(Error::value_error("failed"))
    })
}

#[asyncio::test(virtual_time)]
async fn all_are_waited_for_unless_said_otherwise() -> Result<()> {
    // CPython: test_tasks.test_wait
    let began = running().time();
    let (done, pending) = wait([after(2), after(1)]).await?;
    assert_eq!(running().time() - began, 2 * SECOND);
    assert!(pending.is_empty());
    let values: Vec<u32> = done.into_iter().map(|task| task.into_result().unwrap()).collect();
    assert_eq!(values, [2, 1], "in the order given");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn the_first_to_end_is_enough_if_one_says_so_and_the_others_run_on() -> Result<()> {
    // CPython: test_tasks.test_wait_first_completed
    let tasks = [after(3), after(1), after(2)];
    let (done, pending) = wait(&tasks).return_when(ReturnWhen::FirstCompleted).await?;
    assert_eq!(done, [&*tasks[1]]);
    assert_eq!(pending, [&*tasks[0], &*tasks[2]]);
    assert!(pending.iter().all(|task| task.cancelling() == 0));
    let (done, _) = wait(&tasks).await?;
    assert_eq!(done.len(), 3);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn the_first_failure_is_enough_if_one_says_so() -> Result<()> {
    // CPython: test_tasks.test_wait_first_exception_in_wait
    let tasks = [after(9), failing_after(2), after(1)];
    let began = running().time();
    let (done, pending) = wait(&tasks).return_when(ReturnWhen::FirstException).await?;
    assert_eq!(running().time() - began, 2 * SECOND);
    assert_eq!((done.len(), pending.len()), (2, 1));
    assert!(tasks[1].exception()?.is_some());
    // CPython: test_tasks.test_wait_first_exception: one that has failed already
    let began = running().time();
    assert_eq!(wait(&tasks).return_when(ReturnWhen::FirstException).await?.1.len(), 1);
    assert_eq!(running().time(), began);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn what_has_ended_before_the_waiter_runs_is_among_those_that_are_done() -> Result<()> {
    // CPython: test_tasks.test_wait_really_done
    let (first, second) = (running().create_future(), running().create_future());
    let (one, two) = (first.clone(), second.clone());
    running().call_soon(move || {
        one.set_result(1).unwrap();
        two.set_result(2).unwrap();
    })?;
    let (done, pending) = wait([second, first]).return_when(ReturnWhen::FirstCompleted).await?;
    assert_eq!((done.len(), pending.len()), (2, 0));
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_failure_is_one_end_among_others_and_looking_again_takes_no_time() -> Result<()> {
    // CPython: test_tasks.test_wait_with_exception, test_wait
    let tasks = [failing_after(2), after(1)];
    let began = running().time();
    for _ in 0..2 {
        let (done, pending) = wait(&tasks).await?;
        assert_eq!((done.len(), pending.len()), (2, 0));
        assert_eq!(done.iter().filter(|task| task.exception().is_ok_and(|error| error.is_some())).count(), 1);
        assert_eq!(running().time() - began, 2 * SECOND);
    }
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn anything_that_gives_tasks_one_by_one_can_be_waited_for() -> Result<()> {
    // CPython: test_tasks.test_wait_generator, test_wait_with_iterator_of_tasks
    let (done, pending) = wait((0..10).map(after)).await?;
    assert_eq!((done.len(), pending.len()), (10, 0));
    let (done, _) = wait(done.iter().rev()).await?;
    let values: Result<Vec<u32>> = done.into_iter().map(|task| task.result()).collect();
    assert_eq!(values?, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn who_ends_at_the_deadline_is_done_and_who_ends_later_is_not() -> Result<()> {
    // CPython: test_tasks.test_wait_concurrent_complete
    let tasks = [after(2), after(1)];
    sleep(Duration::ZERO).await;
    let (done, pending) = wait(tasks).timeout(SECOND).await?;
    assert_eq!((done.len(), pending.len()), (1, 1));
    assert_eq!(done[0].result()?, 1);
    Ok(())
}

#[test]
fn what_belongs_to_another_loop_is_refused_unless_it_is_done() {
    let other = asyncio::EventLoop::new().unwrap();
    let (task, future) = (other.create_task(async {}).unwrap(), other.create_future::<()>());
    let done = other.create_future::<()>();
    done.set_result(()).unwrap();
    asyncio::run(async move {
        let error = wait([&task]).await.unwrap_err();
        assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("another event loop")), "{error}");
        assert!(matches!(wait([&future]).await, Err(Error::RuntimeError(_))));
        assert_eq!(wait([&done]).await?.0.len(), 1);
        Ok::<_, Error>(())
    })
    .unwrap();
    other.close().unwrap();
}

#[asyncio::test(virtual_time)]
async fn a_cancelled_one_is_no_failure_to_wait() -> Result<()> {
    let tasks = [after(3), after(9)];
    let doomed = tasks[1].as_any();
    running().call_later(SECOND, move || assert!(doomed.cancel()))?;
    let began = running().time();
    let (done, pending) = wait(&tasks).return_when(ReturnWhen::FirstException).await?;
    assert_eq!((done.len(), pending.len()), (2, 0));
    assert_eq!(running().time() - began, 3 * SECOND);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_deadline_is_no_error_and_cancels_nothing() -> Result<()> {
    // CPython: test_tasks.test_wait_with_timeout, test_wait_timeout
    let tasks = [after(1), after(9)];
    let (done, pending) = wait(&tasks).timeout(2 * SECOND).await?;
    assert_eq!((done.len(), pending.len()), (1, 1));
    let (done, pending) = wait(&tasks).timeout(Duration::ZERO).await?;
    assert_eq!((done.len(), pending.len()), (1, 1));
    assert_eq!(pending[0].cancelling(), 0);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn nothing_to_wait_for_is_a_value_error() {
    // CPython: test_tasks.test_wait_errors
    let error = wait(Vec::<AnyTask>::new()).await.unwrap_err();
    assert!(matches!(&error, Error::ValueError(text) if text.to_string().contains("nothing to wait for")), "{error}");
}

#[asyncio::test(virtual_time)]
async fn futures_and_the_same_one_twice_can_be_waited_for() -> Result<()> {
    // CPython: test_tasks.test_wait_duplicate_coroutines, as far as it can be said
    let future = running().create_future();
    let setter = future.clone();
    running().call_later(SECOND, move || setter.set_result(1).unwrap())?;
    let (done, pending) = wait([&future, &future]).await?;
    assert_eq!((done.len(), pending.len()), (2, 0));
    assert_eq!(future.result()?, 1);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn cancelling_the_waiter_leaves_what_it_waits_for_alone() {
    // CPython: test_tasks.test_yield_wait_does_not_shield_cancel
    let task = after(3);
    let handle = task.as_any();
    let waiter = create_task(async move { wait([task]).await.map(|_| ()) });
    sleep(SECOND).await;
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    assert_eq!((handle.done(), handle.cancelling()), (false, 0));
}

#[asyncio::test(virtual_time)]
async fn a_waiter_that_is_cancelled_in_the_tick_of_the_end_leaves() {
    let future = running().create_future::<()>();
    let awaited = future.clone();
    let waiter = create_task(async move { wait([awaited]).await.map(|_| ()) });
    sleep(SECOND).await;
    future.set_result(()).unwrap();
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_waiter_that_is_cancelled_before_its_first_poll_waits_for_nothing() {
    let future = running().create_future::<()>();
    let awaited = future.clone();
    let waiter = create_task(async move { wait([awaited]).await.map(|_| ()) });
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    assert!(!future.cancelled());
}

#[asyncio::test(virtual_time)]
async fn waiting_a_thousand_times_for_one_thing_leaves_nothing_behind_with_it() -> Result<()> {
    let slow = running().create_future::<()>();
    let order = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..1_000 {
        let (_, pending) = wait([&slow]).timeout(Duration::ZERO).await?;
        assert_eq!(pending.len(), 1);
    }
    let noted = order.clone();
    slow.add_done_callback(move |_| noted.borrow_mut().push("told"));
    slow.set_result(())?;
    sleep(Duration::ZERO).await;
    assert_eq!(*order.borrow(), ["told"]);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_failure_that_wait_has_seen_is_still_somebodys_to_look_at() -> Result<()> {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let seen = reports.clone();
    running().set_exception_handler(move |_, context| seen.borrow_mut().push(context.message().to_owned()));
    drop(wait([failing_after(1)]).await?);
    running().clear_exception_handler();
    assert_eq!(*reports.borrow(), ["Task exception was never retrieved"]);
    Ok(())
}
