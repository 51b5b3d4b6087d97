//! Groups inside of groups, and groups inside of tasks that are awaited: who hears of what.

use std::time::Duration;

use asyncio::{Error, Result, Task, TaskGroup, catch_cancelled, create_task, sleep};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

async fn fail(seconds: u32, what: &'static str) -> Result<()> {
    sleep(SECOND * seconds).await;
    Err(Error::value_error(what))
}

/// Fails while it leaves.
async fn fails_to_leave() -> Result<()> {
    let _ = catch_cancelled(sleep(99 * SECOND)).await;
    Err(Error::value_error("while leaving"))
}

/// The tree of an error, a group as its errors in brackets.
fn tree(error: &Error) -> String {
    match error {
        Error::ExceptionGroup(group) => {
            let inside: Vec<_> = group.exceptions().iter().map(tree).collect();
            format!("[{}]", inside.join(", "))
        }
        Error::ValueError(text) => text.as_str().to_owned(),
        other => other.to_string(),
    }
}

/// Cancels a task after a second, and gives the tree of what it failed with.
async fn cancelled_after_a_second(task: Task<()>) -> String {
    sleep(SECOND).await;
    assert!(!task.done());
    task.cancel();
    tree(&task.await.unwrap_err())
}

#[asyncio::test(virtual_time)]
async fn errors_while_an_inner_group_is_cancelled_reach_the_outer_one_as_one_error() {
    // CPython: test_taskgroups.test_taskgroup_11
    let task = create_task(TaskGroup::run(async |_| {
        TaskGroup::run(async |inner| {
            for _ in 0..3 {
                inner.create_task(fails_to_leave())?;
            }
            sleep(99 * SECOND).await;
            Ok(())
        })
        .await
    }));
    assert_eq!(cancelled_after_a_second(task).await, "[[while leaving, while leaving, while leaving]]");
}

#[asyncio::test(virtual_time)]
async fn so_they_do_where_the_outer_group_has_tasks_of_its_own() {
    // CPython: test_taskgroups.test_taskgroup_12
    let task = create_task(TaskGroup::run(async |outer| {
        let own = outer.create_task(sleep(99 * SECOND))?;
        let inner = TaskGroup::run(async |inner| {
            inner.create_task(fails_to_leave())?;
            sleep(99 * SECOND).await;
            Ok(())
        })
        .await;
        assert!(!own.done(), "the inner group ends before the outer one knows");
        inner
    }));
    assert_eq!(cancelled_after_a_second(task).await, "[[while leaving]]");
}

#[asyncio::test(virtual_time)]
async fn a_failure_in_the_outer_group_cancels_the_inner_one_which_has_no_errors() {
    // CPython: test_taskgroups.test_taskgroup_13
    let began = running().time();
    let error = TaskGroup::run(async |outer| {
        outer.create_task(fail(1, "outer"))?;
        TaskGroup::run(async |inner| {
            inner.create_task(fail(9, "inner"))?;
            Ok(())
        })
        .await
    })
    .await
    .unwrap_err();
    assert_eq!((tree(&error).as_str(), running().time() - began), ("[outer]", SECOND));
}

#[asyncio::test(virtual_time)]
async fn a_failure_in_the_inner_group_is_the_body_s_error_in_the_outer_one() {
    // CPython: test_taskgroups.test_taskgroup_14
    let began = running().time();
    let error = TaskGroup::run(async |outer| {
        outer.create_task(fail(9, "outer"))?;
        TaskGroup::run(async |inner| {
            inner.create_task(fail(1, "inner"))?;
            Ok(())
        })
        .await
    })
    .await
    .unwrap_err();
    assert_eq!((tree(&error).as_str(), running().time() - began), ("[[inner]]", SECOND));
}

/// A group whose task fails after two seconds, and whose body takes three to leave.
async fn slow_to_leave() -> Result<()> {
    TaskGroup::run(async |group| {
        group.create_task(async {
            // Before the body has left, so nobody has cancelled it.
            fail(2, "in time").await
        })?;
        let cancelled = catch_cancelled(sleep(99 * SECOND)).await;
        sleep(3 * SECOND).await;
        cancelled.map_err(Error::from)
    })
    .await
}

#[asyncio::test(virtual_time)]
async fn a_task_that_fails_while_the_body_is_leaving_is_heard_of() {
    // CPython: test_taskgroups.test_taskgroup_15
    assert_eq!(cancelled_after_a_second(create_task(slow_to_leave())).await, "[in time]");
}

#[asyncio::test(virtual_time)]
async fn so_it_is_by_whoever_awaits_the_task_of_the_group() {
    // CPython: test_taskgroups.test_taskgroup_16
    let task = create_task(async { create_task(slow_to_leave()).await });
    assert_eq!(cancelled_after_a_second(task).await, "[in time]");
}
