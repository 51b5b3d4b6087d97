//! A group and cancels from outside.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{AnyTask, Error, Result, TaskGroup, catch_cancelled, create_task, sleep, timeout};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

fn me() -> AnyTask {
    asyncio::current_task().unwrap().unwrap()
}

async fn fail(seconds: u32, what: &'static str) -> Result<()> {
    sleep(SECOND * seconds).await;
    Err(Error::value_error(what))
}

/// Ignores its first cancel for some time.
async fn slow_to_leave(seconds: u32) {
    if catch_cancelled(sleep(99 * SECOND)).await.is_err() {
        sleep(SECOND * seconds).await;
    }
}

#[asyncio::test(virtual_time)]
async fn a_cancel_from_outside_cancels_body_and_tasks_and_waits_for_them() {
    // CPython: test_taskgroups.test_taskgroup_07, test_taskgroup_22
    let task = create_task(async {
        TaskGroup::run(async |group| {
            group.create_task(slow_to_leave(2))?;
            sleep(9 * SECOND).await;
            Ok(())
        })
        .await
    });
    sleep(SECOND).await;
    let began = running().time();
    task.cancel_with("outside");
    let error = task.await.unwrap_err();
    assert!(matches!(&error, Error::CancelledError(error) if error.message() == Some("outside")), "{error}");
    assert_eq!(running().time() - began, 2 * SECOND);
}

#[asyncio::test(virtual_time)]
async fn a_cancel_while_it_waits_for_its_tasks_cancels_them() {
    // CPython: test_taskgroups.test_cancellation
    let task = create_task(async {
        TaskGroup::run(async |group| {
            group.create_task(slow_to_leave(1))?;
            Ok(())
        })
        .await
    });
    sleep(SECOND).await;
    task.cancel();
    sleep(SECOND / 2).await;
    task.cancel();
    assert!(!task.done(), "further cancels do not hurry it");
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn with_errors_the_group_comes_first_and_the_cancel_at_the_next_await() {
    // CPython: test_taskgroups.test_error_and_cancel, test_taskgroup_08
    let log = Rc::new(RefCell::new(Vec::new()));
    let noted = log.clone();
    let task = create_task(async move {
        let outcome = TaskGroup::run(async |group| {
            group.create_task(async {
                let _ = catch_cancelled(sleep(9 * SECOND)).await;
                fail(1, "while leaving").await
            })?;
            sleep(9 * SECOND).await;
            Ok(())
        })
        .await;
        noted.borrow_mut().push(outcome.unwrap_err().to_string());
        noted.borrow_mut().push(me().cancelling().to_string());
        sleep(SECOND).await;
        noted.borrow_mut().push("not reached".into());
    });
    sleep(SECOND).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    let log = log.borrow();
    assert!(log.len() == 2 && log[0].contains("while leaving") && log[1] == "1", "{log:?}");
}

#[asyncio::test(virtual_time)]
async fn a_child_that_fails_in_the_tick_of_an_outside_cancel_loses_neither() {
    let log = Rc::new(Cell::new(None));
    let noted = log.clone();
    let gate = running().create_future::<()>();
    let opened = gate.clone();
    let task = create_task(async move {
        let outcome = TaskGroup::run(async |group| {
            group.create_task(async move {
                gate.await?;
                Err::<(), _>(Error::value_error("child"))
            })?;
            sleep(9 * SECOND).await;
            Ok(())
        })
        .await;
        noted.set(Some((outcome.is_err_and(|error| error.to_string().contains("child")), me().cancelling())));
        sleep(SECOND).await;
    });
    sleep(SECOND).await;
    opened.set_result(()).unwrap();
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(log.take(), Some((true, 1)));
}

#[asyncio::test(virtual_time)]
async fn a_body_may_swallow_the_cancel_and_the_tasks_run_on() -> Result<()> {
    let task = create_task(async {
        TaskGroup::run(async |group| {
            let child = group.create_task(async {
                sleep(3 * SECOND).await;
                Ok::<_, Error>("not disturbed")
            })?;
            assert!(catch_cancelled(sleep(9 * SECOND)).await.is_err());
            me().uncancel();
            Ok(child)
        })
        .await?
        .into_result()
    });
    sleep(SECOND).await;
    task.cancel();
    assert_eq!(task.await?, "not disturbed");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_group_without_tasks_is_left_as_well() {
    // CPython: test_taskgroups.test_taskgroup_17
    let left = Rc::new(Cell::new(false));
    let sign = left.clone();
    let task = create_task(TaskGroup::run(async move |_| {
        let cancelled = catch_cancelled(sleep(9 * SECOND)).await;
        sign.set(cancelled.is_err());
        Ok(cancelled?)
    }));
    sleep(SECOND).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(left.get());
}

#[asyncio::test(virtual_time)]
async fn a_body_that_makes_an_error_of_its_cancel_has_caught_it() {
    // CPython: test_taskgroups.test_taskgroup_18
    let task = create_task(async {
        let outcome = TaskGroup::run(async |group| {
            group.create_task(sleep(9 * SECOND))?;
            let _ = catch_cancelled(sleep(9 * SECOND)).await;
            Err::<(), _>(Error::value_error("made of it"))
        });
        let error = outcome.await.unwrap_err();
        // What was caught does not come back at the next await.
        sleep(SECOND).await;
        assert_eq!(me().cancelling(), 1);
        Err::<(), _>(error)
    });
    sleep(SECOND).await;
    task.cancel();
    let Error::ExceptionGroup(group) = task.await.unwrap_err() else { panic!("it is a group") };
    assert!(matches!(group.exceptions(), [Error::ValueError(text)] if text.as_str() == "made of it"));
}

#[asyncio::test(virtual_time)]
async fn a_cancel_before_the_first_poll_runs_nothing() {
    let begun = Rc::new(Cell::new(false));
    let sign = begun.clone();
    let task = create_task(TaskGroup::run(async move |_| {
        sign.set(true);
        Ok(())
    }));
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!begun.get());
}

#[asyncio::test(virtual_time)]
async fn a_cancel_in_the_tick_in_which_the_last_task_ends_is_not_lost() {
    let gate = running().create_future::<()>();
    let opened = gate.clone();
    let task = create_task(async move {
        TaskGroup::run(async |group| {
            group.create_task(async move { gate.await })?;
            Ok(())
        })
        .await?;
        sleep(SECOND).await;
        panic!("it went on after the cancel");
        #[expect(unreachable_code, reason = "it says what the task gives")]
        Ok::<_, Error>(())
    });
    sleep(SECOND).await;
    opened.set_result(()).unwrap();
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_timeout_around_a_group_ends_it_and_one_inside_leaves_it_alone() -> Result<()> {
    let error = timeout(
        SECOND,
        TaskGroup::run(async |group| {
            group.create_task(slow_to_leave(1))?;
            Ok(())
        }),
    )
    .await
    .unwrap_err();
    assert!(error.is_timeout());
    let inside = TaskGroup::run(async |group| {
        let child = group.create_task(async {
            sleep(2 * SECOND).await;
            Ok::<_, Error>(1)
        })?;
        assert!(timeout(SECOND, sleep(9 * SECOND)).await.unwrap_err().is_timeout());
        child.await
    })
    .await?;
    assert_eq!((inside, me().cancelling()), (1, 0));
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn requests_that_were_there_before_do_not_count() {
    // The group must not take an older request, which somebody chose to live with, for one of its own time.
    let task = create_task(async {
        let task = me();
        task.cancel();
        assert!(catch_cancelled(sleep(SECOND)).await.is_err());
        assert_eq!(task.cancelling(), 1);
        let outcome = TaskGroup::run(async |group| {
            group.create_task(fail(1, "child"))?;
            sleep(9 * SECOND).await;
            Ok(())
        })
        .await;
        assert!(outcome.is_err());
        sleep(SECOND).await;
        assert_eq!(task.cancelling(), 1);
        Ok::<_, Error>("went on")
    });
    assert_eq!(task.await.unwrap(), "went on");
}

#[asyncio::test(virtual_time)]
async fn dropping_the_whole_cancels_the_tasks() {
    let group = TaskGroup::run(async |group| {
        group.create_task(sleep(9 * SECOND))?.named("left alone");
        sleep(9 * SECOND).await;
        Ok(())
    });
    let mut group = Box::pin(group);
    asyncio::select! {
        keep _ = &mut group => panic!("it waits for its task"),
        () = sleep(SECOND) => {}
    }
    drop(group);
    sleep(Duration::ZERO).await;
    sleep(Duration::ZERO).await;
    assert_eq!(running().all_tasks().len(), 1);
}
