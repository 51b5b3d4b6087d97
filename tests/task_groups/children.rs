//! Tasks in a group: starting, waiting, results.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Result, TaskGroup, TaskOptions, create_task, sleep};

use crate::support::net::running;
use crate::support::tasks::{tick, ticks};

const SECOND: Duration = Duration::from_secs(1);

async fn after<T>(seconds: u32, value: T) -> Result<T> {
    sleep(SECOND * seconds).await;
    Ok(value)
}

#[asyncio::test(virtual_time)]
async fn a_group_waits_for_its_tasks_and_gives_what_the_body_gives() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_01
    let began = running().time();
    let (sum, late) = TaskGroup::run(async |group| {
        let one = group.create_task(after(1, 1))?;
        let two = group.create_task(after(2, 2))?;
        let late = group.create_task(after(3, 3))?;
        Ok((one.await? + two.await?, late))
    })
    .await?;
    assert_eq!(running().time() - began, 3 * SECOND);
    assert_eq!((sum, late.result()?), (3, 3));
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_group_without_tasks_is_over_at_once() -> Result<()> {
    let began = running().time();
    assert_eq!(TaskGroup::run(async |_| Ok(5)).await?, 5);
    assert_eq!(running().time(), began);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_task_starts_others_in_the_group_it_is_in() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_24
    let ended = Rc::new(Cell::new(0));
    let count = ended.clone();
    TaskGroup::run(async move |group| {
        let inner = group.clone();
        group.create_task(async move {
            sleep(SECOND).await;
            // The body has ended by now, and the group waits.
            for _ in 0..3 {
                let count = count.clone();
                inner.create_task(async move {
                    sleep(SECOND).await;
                    count.set(count.get() + 1);
                })?;
            }
            Ok::<_, Error>(())
        })?;
        Ok(())
    })
    .await?;
    assert_eq!(ended.get(), 3);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_group_that_has_ended_takes_no_more_tasks() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_finished, test_coro_closed_when_tg_closed
    let group = TaskGroup::run(async |group| Ok(group)).await?;
    let begun = Rc::new(Cell::new(false));
    let sign = begun.clone();
    let error = group.create_task(async move { sign.set(true) }).unwrap_err();
    assert!(error.to_string().contains("has ended and takes no more tasks"), "{error}");
    sleep(SECOND).await;
    assert_eq!((begun.get(), Rc::strong_count(&begun)), (false, 1), "it was dropped, and never ran");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn tasks_of_a_group_have_names_contexts_and_eager_starts() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_task_name, test_taskgroup_task_context
    static PLACE: asyncio::ContextVar<&str> = asyncio::ContextVar::new("place");
    let context = asyncio::copy_context();
    context.run(|| PLACE.set("in the given one"));
    let begun = Rc::new(Cell::new(false));
    let sign = begun.clone();
    TaskGroup::run(async move |group| {
        let options = TaskOptions { name: Some("reader".into()), context: Some(context), ..TaskOptions::default() };
        let task = group.create_task_with(options, async { Ok::<_, Error>(PLACE.get()) })?;
        assert_eq!(task.get_name(), "reader");
        assert_eq!(task.await?, Some("in the given one"));
        let options = TaskOptions { eager_start: Some(true), ..TaskOptions::default() };
        let eager = group.create_task_with(options, async move { sign.set(true) })?;
        assert!(eager.done());
        Ok(())
    })
    .await?;
    assert!(begun.get());
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn an_eager_task_that_fails_at_once_fails_the_group() {
    // CPython: gh-128550, gh-128588
    let error = TaskGroup::run(async |group| {
        let options = TaskOptions { eager_start: Some(true), ..TaskOptions::default() };
        let task = group.create_task_with(options, async { Err::<(), _>(Error::value_error("at once")) })?;
        assert!(task.done());
        sleep(9 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap_err();
    let Error::ExceptionGroup(errors) = &error else { panic!("{error}") };
    assert_eq!(errors.exceptions().len(), 1);
}

#[asyncio::test(virtual_time)]
async fn tasks_may_be_started_while_others_run_and_those_that_have_ended_are_let_go() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_02, test_taskgroup_23
    let held = Rc::new(());
    let inside = held.clone();
    TaskGroup::run(async move |group| {
        for _ in 0..100 {
            let held = inside.clone();
            group.create_task(async move {
                sleep(3 * SECOND).await;
                drop(held);
            })?;
            sleep(SECOND).await;
            assert!(Rc::strong_count(&inside) < 7, "the future of a task goes when it has ended");
        }
        sleep(3 * SECOND).await;
        assert!(format!("{group:?}").contains("running=0"), "{group:?}");
        Ok(())
    })
    .await?;
    assert_eq!(Rc::strong_count(&held), 1);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn the_explicit_form_is_made_filled_and_waited_for() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_double_enter
    let group = TaskGroup::new()?;
    let task = group.create_task(after(2, 2))?;
    let began = running().time();
    group.wait().await?;
    assert_eq!(running().time() - began, 2 * SECOND);
    assert_eq!(task.into_result()?, 2);
    let again = group.wait().await.unwrap_err();
    assert!(again.to_string().contains("was waited for already"), "{again}");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn the_explicit_form_cancels_the_others_when_one_fails_and_gives_the_errors_to_wait() -> Result<()> {
    // CPython: test_taskgroups.test_taskgroup_no_create_task_after_failure
    let group = TaskGroup::new()?;
    let slow = group.create_task(after(9, 9))?;
    group.create_task(async { Err::<(), _>(Error::value_error("first")) })?;
    sleep(SECOND).await;
    assert!(slow.cancelled());
    let refused = group.create_task(after(1, 1)).unwrap_err();
    assert!(refused.to_string().contains("is shutting down"), "{refused}");
    let error = group.wait().await.unwrap_err();
    assert!(error.to_string().contains("first"), "{error}");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn errors_of_a_group_that_nobody_waits_for_are_reported() -> Result<()> {
    let reports = Rc::new(Cell::new(0));
    let count = reports.clone();
    running().set_exception_handler(move |_, context| {
        assert_eq!(context.message(), "exception of a TaskGroup was never retrieved");
        count.set(count.get() + 1);
    });
    let group = TaskGroup::new()?;
    group.create_task(async { Err::<(), _>(Error::value_error("unheard")) })?;
    sleep(SECOND).await;
    assert_eq!(reports.get(), 0, "somebody may wait yet");
    drop(group);
    running().clear_exception_handler();
    assert_eq!(reports.get(), 1);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_task_of_the_group_that_is_awaited_elsewhere_gives_its_result_there_too() -> Result<()> {
    let task = TaskGroup::run(async |group| group.create_task(after(1, "both"))).await?;
    assert_eq!((&task).await?, "both");
    assert_eq!(create_task(task.into_future()).await?, "both");
    Ok(())
}

#[asyncio::test]
async fn a_group_needs_a_task_around_it() {
    // CPython: test_taskgroups.test_taskgroup_without_parent_task
    let outcome = Rc::new(Cell::new(None));
    let kept = outcome.clone();
    running()
        .call_soon(move || {
            let mut group = std::pin::pin!(TaskGroup::run(async |_| Ok(())));
            let mut context = std::task::Context::from_waker(futures_task::noop_waker_ref());
            kept.set(Some(group.as_mut().poll(&mut context)));
        })
        .unwrap();
    sleep(Duration::ZERO).await;
    sleep(Duration::ZERO).await;
    let Some(std::task::Poll::Ready(Err(error))) = outcome.take() else { panic!("a callback is no task") };
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("TaskGroup")), "{error}");
}

#[test]
fn a_group_needs_a_running_loop() {
    let error = TaskGroup::new().unwrap_err();
    assert!(error.to_string().contains("make it inside asyncio::run"), "{error}");
}

#[asyncio::test]
async fn a_group_that_lives_long_keeps_little_of_children_that_have_ended() {
    // What they return is dropped with them.
    let (kept, mut most) = (Rc::new(()), 0);
    TaskGroup::run(async |group| {
        for _ in 0..2000 {
            let returned = kept.clone();
            drop(group.create_task(async move {
                ticks(10).await;
                Ok::<_, Error>(returned)
            })?);
            tick().await;
            most = most.max(Rc::strong_count(&kept));
        }
        Ok(())
    })
    .await
    .unwrap();
    assert!(most < 100, "{most}");
    assert_eq!(Rc::strong_count(&kept), 1);
}
