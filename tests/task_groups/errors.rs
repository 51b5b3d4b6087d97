//! Failures in a group: of tasks, of the body, of both, and in groups inside of groups.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Result, TaskGroup, catch_cancelled, create_task, sleep, with_cleanup};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

/// Panics, which the compiler does not see.
async fn panics(what: &str) {
    assert!(what.is_empty(), "{what}");
}

async fn fail(seconds: u32, what: &'static str) -> Result<()> {
    sleep(SECOND * seconds).await;
    Err(Error::value_error(what))
}

/// The texts of the errors in a group.
fn texts(error: &Error) -> Vec<String> {
    let Error::ExceptionGroup(group) = error else { panic!("{error}") };
    group.exceptions().iter().map(ToString::to_string).collect()
}

#[asyncio::test(virtual_time)]
async fn one_failing_task_cancels_its_siblings_and_the_body() {
    // CPython: test_taskgroups.test_cancel_children_on_child_error, test_cancelling_level_preserved
    let began = running().time();
    let sibling = Rc::new(Cell::new(None));
    let kept = sibling.clone();
    let error = TaskGroup::run(async move |group| {
        kept.set(Some(group.create_task(sleep(9 * SECOND))?));
        group.create_task(fail(1, "failed"))?;
        sleep(9 * SECOND).await;
        panic!("the body was not cancelled");
        #[expect(unreachable_code, reason = "it says what the body gives")]
        Ok(())
    })
    .await
    .unwrap_err();
    assert_eq!(running().time() - began, SECOND);
    assert!(sibling.take().unwrap().cancelled());
    assert!(texts(&error)[0].contains("failed"));
    let me = asyncio::current_task().unwrap().unwrap();
    assert_eq!(me.cancelling(), 0, "the group has taken its request back");
    sleep(SECOND).await;
}

#[asyncio::test(virtual_time)]
async fn all_errors_are_there_in_their_order_and_the_bodys_is_the_last() {
    // CPython: test_taskgroups.test_taskgroup_19, test_taskgroup_20a, test_taskgroup_21a
    let error = TaskGroup::run(async |group| {
        let cleaning = async |what| {
            let _ = catch_cancelled(sleep(9 * SECOND)).await;
            Err::<(), _>(Error::value_error(what))
        };
        group.create_task(async move { cleaning("while cleaning up").await })?;
        group.create_task(fail(1, "first"))?;
        let _ = catch_cancelled(sleep(9 * SECOND)).await;
        sleep(Duration::ZERO).await;
        Err::<(), _>(Error::value_error("the body"))
    })
    .await
    .unwrap_err();
    let texts = texts(&error);
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].contains("first") && texts[1].contains("while cleaning up") && texts[2].contains("the body"));
    assert!(error.to_string().contains("unhandled errors in a TaskGroup"), "{error}");
}

#[asyncio::test(virtual_time)]
async fn a_failing_body_cancels_the_tasks() {
    // CPython: test_taskgroups.test_taskgroup_09
    let sibling = Rc::new(Cell::new(None));
    let kept = sibling.clone();
    let error = TaskGroup::run(async move |group| {
        kept.set(Some(group.create_task(sleep(9 * SECOND))?));
        sleep(SECOND).await;
        Err::<(), _>(Error::value_error("the body"))
    })
    .await
    .unwrap_err();
    assert!(texts(&error)[0].contains("the body"));
    assert!(sibling.take().unwrap().cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_body_that_fails_at_once_keeps_the_tasks_from_beginning() {
    // CPython: test_taskgroups.test_taskgroup_10
    let begun = Rc::new(Cell::new(false));
    let sign = begun.clone();
    let error = TaskGroup::run(async move |group| {
        group.create_task(async move { sign.set(true) })?;
        Err::<(), _>(Error::value_error("the body"))
    })
    .await
    .unwrap_err();
    assert_eq!(texts(&error).len(), 1);
    assert_eq!((begun.get(), Rc::strong_count(&begun)), (false, 1));
}

#[asyncio::test(virtual_time)]
async fn a_failure_while_only_the_tasks_are_left_cancels_those() {
    // CPython: test_taskgroups.test_taskgroup_04
    let sibling = Rc::new(Cell::new(None));
    let kept = sibling.clone();
    let began = running().time();
    let error = TaskGroup::run(async move |group| {
        group.create_task(fail(1, "failed"))?;
        kept.set(Some(group.create_task(sleep(9 * SECOND))?));
        Ok(())
    })
    .await
    .unwrap_err();
    assert_eq!((texts(&error).len(), running().time() - began), (1, SECOND));
    assert!(sibling.take().unwrap().cancelled());
}

#[asyncio::test(virtual_time)]
async fn all_that_fail_in_one_tick_are_heard_of() {
    // CPython: test_taskgroups.test_cancel_children_on_child_error
    let gate = running().create_future::<()>();
    let opened = gate.clone();
    let error = TaskGroup::run(async move |group| {
        for what in ["one", "two", "three"] {
            let gate = gate.clone();
            group.create_task(async move {
                let _ = gate.await;
                Err::<(), _>(Error::value_error(what))
            })?;
        }
        sleep(SECOND).await;
        opened.set_result(())?;
        sleep(9 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap_err();
    let texts = texts(&error);
    assert_eq!(texts, ["ValueError: one", "ValueError: two", "ValueError: three"]);
    assert_eq!(asyncio::current_task().unwrap().unwrap().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_body_that_fails_while_it_cleans_up_after_a_task_s_failure_adds_its_own() {
    // CPython: test_taskgroups.test_taskgroup_context_manager_exit_raises
    let error = TaskGroup::run(async |group| {
        let use_database = async |_: &mut ()| {
            group.create_task(fail(0, "the task"))?;
            sleep(9 * SECOND).await;
            Ok::<_, Error>(())
        };
        let closed = catch_cancelled(with_cleanup(&mut (), use_database, async |()| sleep(SECOND).await)).await;
        assert!(closed.is_err());
        Err::<(), _>(Error::value_error("closing the database"))
    })
    .await
    .unwrap_err();
    let texts = texts(&error);
    assert!(texts[0].contains("the task") && texts[1].contains("the database"), "{texts:?}");
    assert_eq!(asyncio::current_task().unwrap().unwrap().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_failure_ends_tasks_that_go_on_starting_others() {
    // CPython: test_taskgroups.test_taskgroup_25
    async fn hydra(group: TaskGroup, heads: Rc<Cell<u32>>) -> Result<()> {
        heads.set(heads.get() + 1);
        sleep(SECOND).await;
        for _ in 0..2 {
            group.create_task(hydra(group.clone(), heads.clone()))?;
        }
        Ok(())
    }
    let heads = Rc::new(Cell::new(0));
    let count = heads.clone();
    let error = TaskGroup::run(async move |group| {
        group.create_task(hydra(group.clone(), count.clone()))?;
        group.create_task(async move {
            while count.get() < 10 {
                sleep(SECOND + SECOND / 2).await;
            }
            Err::<(), _>(Error::value_error("hercules"))
        })?;
        Ok(())
    })
    .await
    .unwrap_err();
    let texts = texts(&error);
    assert!(texts[0].contains("hercules") && texts.len() == 1, "{texts:?}");
    let reached = heads.get();
    sleep(9 * SECOND).await;
    assert!(reached >= 10 && heads.get() == reached, "{reached}");
}

#[asyncio::test(virtual_time)]
async fn a_task_that_was_cancelled_is_no_failure() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_03
    let done = TaskGroup::run(async |group| {
        let task = group.create_task(sleep(9 * SECOND))?;
        let other = group.create_task(async {
            sleep(2 * SECOND).await;
            Ok::<_, Error>("not disturbed")
        })?;
        sleep(SECOND).await;
        task.cancel();
        other.await
    })
    .await?;
    assert_eq!(done, "not disturbed");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_body_that_returns_the_cancel_of_something_else_gives_just_that() {
    let outcome = TaskGroup::run(async |group| {
        let task = group.create_task(sleep(9 * SECOND))?;
        task.cancel_with("not me");
        task.await
    })
    .await;
    assert!(matches!(outcome, Err(Error::CancelledError(error)) if error.message() == Some("not me")));
}

#[asyncio::test(virtual_time)]
async fn the_error_of_an_inner_group_is_one_error_of_the_outer() {
    let error = TaskGroup::run(async |outer| {
        outer.create_task(async {
            TaskGroup::run(async |inner| {
                inner.create_task(fail(1, "inner"))?;
                Ok(())
            })
            .await
        })?;
        sleep(9 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap_err();
    let Error::ExceptionGroup(outer) = &error else { panic!("{error}") };
    assert!(texts(&outer.exceptions()[0])[0].contains("inner"));
}

#[asyncio::test(virtual_time)]
async fn nested_groups_that_fail_at_once_keep_the_count_of_requests_right() {
    // CPython: test_taskgroups.test_nested_groups_both_cancelled
    let me = asyncio::current_task().unwrap().unwrap();
    let (task, in_outer) = (me.clone(), Rc::new(Cell::new(0)));
    let count = in_outer.clone();
    let error = TaskGroup::run(async move |outer| {
        let inner = TaskGroup::run(async |inner| {
            outer.create_task(fail(1, "outer"))?;
            inner.create_task(fail(1, "inner"))?;
            sleep(9 * SECOND).await;
            Ok(())
        });
        let inner = inner.await.unwrap_err();
        count.set(task.cancelling());
        assert!(texts(&inner)[0].contains("inner"));
        Ok(())
    })
    .await
    .unwrap_err();
    assert!(texts(&error)[0].contains("outer"));
    assert_eq!((in_outer.get(), me.cancelling()), (1, 0));
    sleep(SECOND).await;
}

#[asyncio::test(virtual_time)]
async fn a_panic_in_a_task_is_an_error_of_the_group() {
    let error = TaskGroup::run(async |group| {
        group.create_task(panics("in a task"))?;
        sleep(9 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap_err();
    assert!(texts(&error)[0].contains("in a task"));
}

#[asyncio::test(virtual_time)]
async fn a_panic_in_the_body_goes_on_when_the_tasks_have_ended_and_their_errors_are_reported() {
    let reports = Rc::new(Cell::new(0));
    let count = reports.clone();
    running().set_exception_handler(move |_, context| {
        assert_eq!(context.message(), "an error in a TaskGroup whose body panicked");
        count.set(count.get() + 1);
    });
    let ended = Rc::new(Cell::new(false));
    let sign = ended.clone();
    let whole = create_task(async {
        TaskGroup::run(async move |group| {
            group.create_task(async move {
                let _ = catch_cancelled(sleep(9 * SECOND)).await;
                sleep(SECOND).await;
                sign.set(true);
                Err::<(), _>(Error::value_error("dropped by Python"))
            })?;
            sleep(SECOND).await;
            panic!("in the body");
            #[expect(unreachable_code, reason = "it says what the body gives")]
            Ok(())
        })
        .await
    });
    let error = whole.await.unwrap_err();
    running().clear_exception_handler();
    assert!(matches!(&error, Error::Panic(_)) && error.to_string().contains("in the body"), "{error}");
    assert_eq!((ended.get(), reports.get()), (true, 1));
}
