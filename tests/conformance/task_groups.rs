//! Task groups: how failures and cancels spread.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use asyncio::{Error, ExceptionGroup, Result, TaskGroup, catch_cancelled, create_task, current_task, sleep, timeout};

use crate::harness::program::{Difference, HOUR, Program, now, program, seconds, ticks};
use crate::harness::trace::{Boom, List, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_group_waits_for_its_tasks),
    program!(a_task_that_fails_cancels_the_others_and_the_body),
    program!(a_body_that_fails_cancels_the_tasks),
    program!(all_failures_come_together),
    program!(failures_of_one_tick_are_in_the_order_of_the_tasks),
    program!(a_cancelled_task_is_no_failure),
    program!(a_cancel_from_outside_reaches_body_and_tasks),
    program!(a_cancel_from_outside_while_the_group_waits),
    program!(a_cancel_and_a_failure_together_are_a_failure_and_then_a_cancel).since(13).differs(&[Difference {
        row: "forget the message of a cancel",
        python: &["CancelledError 1 true"],
        here: &["CancelledError(outside) 1 true"],
    }]),
    program!(a_group_inside_another_hands_its_failures_on),
    program!(a_failure_outside_ends_the_group_inside),
    program!(a_task_of_the_group_starts_another),
    program!(a_group_that_has_ended_or_is_ending_takes_no_tasks),
    program!(a_deadline_around_a_group_cancels_it),
    program!(a_deadline_inside_a_group_is_a_failure_of_the_body),
    program!(the_count_of_requests_is_as_before_when_the_group_ends),
    program!(parts_of_a_group_of_failures),
];

type Child = Pin<Box<dyn Future<Output = Result<&'static str>>>>;

#[asyncio::coroutine]
async fn sleeper(name: &'static str, delay: u64) {
    let mut ends = false;
    asyncio::finally! {
        say!(name, if ends { "ends" } else { "is cancelled" }, now());
    }
    sleep(seconds(delay)).await;
    ends = true;
}

/// One that succeeds.
fn good(name: &'static str, delay: u64) -> Child {
    Box::pin(async move {
        sleeper(name, delay).await;
        Ok(name)
    })
}

/// One that fails.
fn bad(name: &'static str, delay: u64, text: &'static str) -> Child {
    Box::pin(async move {
        sleeper(name, delay).await;
        Err(Boom(text).into())
    })
}

/// Fails when it is cancelled, after some time.
fn bad_while_leaving(delay: u64) -> Child {
    Box::pin(async move {
        catch_cancelled(sleep(HOUR)).await.expect_err("it is cancelled before");
        sleep(seconds(delay)).await;
        Err(Boom("while leaving").into())
    })
}

async fn group_of<const N: usize>(children: [Child; N], body: Option<Child>) -> Result<List<Vec<&'static str>>> {
    let tasks = TaskGroup::run(async |group| {
        let tasks = children.map(|child| group.create_task(child));
        if let Some(body) = body {
            body.await?;
        }
        say!("body ends", now());
        Ok(tasks)
    })
    .await?;
    let mut results = Vec::new();
    for task in tasks {
        results.push(task?.into_result()?);
    }
    Ok(List(results))
}

fn inner_group<const N: usize>(children: [Child; N], body: Option<Child>) -> Child {
    Box::pin(async move { group_of(children, body).await.map(|_| "group") })
}

async fn a_group_waits_for_its_tasks() -> Result<()> {
    say!(group_of([good("a", 2), good("b", 1)], None).await, now());
    say!(group_of([], None).await, now());
    Ok(())
}

async fn a_task_that_fails_cancels_the_others_and_the_body() -> Result<()> {
    let group = group_of([good("a", 5), bad("b", 1, "failed")], Some(good("body", 9)));
    say!(group.await, now());
    Ok(())
}

async fn a_body_that_fails_cancels_the_tasks() -> Result<()> {
    let group = group_of([good("a", 5)], Some(bad("body", 1, "body failed")));
    say!(group.await, now());
    Ok(())
}

async fn all_failures_come_together() -> Result<()> {
    let children = [bad("a", 2, "first"), bad_while_leaving(1), good("c", 9)];
    say!(group_of(children, Some(good("body", 9))).await, now());
    Ok(())
}

async fn failures_of_one_tick_are_in_the_order_of_the_tasks() -> Result<()> {
    let children = ["a", "b", "c"].map(|text| -> Child {
        Box::pin(async move {
            ticks(1).await;
            Err(Boom(text).into())
        })
    });
    say!(group_of(children, None).await);
    Ok(())
}

async fn a_cancelled_task_is_no_failure() -> Result<()> {
    let (first, second) = TaskGroup::run(async |group| {
        let (first, second) = (group.create_task(good("first", 5))?, group.create_task(good("second", 2))?);
        sleep(seconds(1)).await;
        first.cancel();
        Ok((first, second))
    })
    .await?;
    say!(first.cancelled(), second.result(), now());
    Ok(())
}

async fn a_cancel_from_outside_reaches_body_and_tasks() -> Result<()> {
    let task = create_task(group_of([good("a", 5)], Some(good("body", 9))));
    sleep(seconds(1)).await;
    task.cancel_with("outside");
    say!((&task).await, now(), task.cancelled(), task.cancelling());
    Ok(())
}

async fn a_cancel_from_outside_while_the_group_waits() -> Result<()> {
    let task = create_task(group_of([good("a", 5)], None));
    sleep(seconds(1)).await;
    task.cancel_with("outside");
    say!((&task).await, now(), task.cancelled(), task.cancelling());
    Ok(())
}

async fn a_cancel_and_a_failure_together_are_a_failure_and_then_a_cancel() -> Result<()> {
    let task = create_task(async {
        say!(group_of([bad_while_leaving(0)], None).await);
        say!(current_task()?.map(|task| task.cancelling()));
        sleep(seconds(1)).await;
        say!("never");
        Ok::<_, Error>(())
    });
    sleep(seconds(1)).await;
    task.cancel_with("outside");
    say!((&task).await, now(), task.cancelled());
    Ok(())
}

async fn a_group_inside_another_hands_its_failures_on() -> Result<()> {
    let inner = inner_group([bad("inner a", 1, "deep"), good("inner b", 5)], None);
    say!(group_of([inner, good("outer", 5)], None).await, now());
    Ok(())
}

async fn a_failure_outside_ends_the_group_inside() -> Result<()> {
    let inner = inner_group([good("inner a", 5)], Some(good("inner body", 7)));
    say!(group_of([inner, bad("outer", 1, "outside")], None).await, now());
    Ok(())
}

async fn a_task_of_the_group_starts_another() -> Result<()> {
    TaskGroup::run(async |group| {
        let inner = group.clone();
        let parent = async move {
            say!("parent");
            inner.create_task(good("second", 2))?.detach();
            sleep(seconds(1)).await;
            say!("parent ends", now());
            Ok::<_, Error>(())
        };
        group.create_task(parent)?.detach();
        Ok(())
    })
    .await?;
    say!("group ends", now());
    Ok(())
}

async fn a_group_that_has_ended_or_is_ending_takes_no_tasks() -> Result<()> {
    #[asyncio::coroutine]
    async fn late(group: TaskGroup) {
        asyncio::finally! {
            say!("ending", group.create_task(good("never", 1)).map(drop));
        }
        sleep(HOUR).await;
    }
    let kept: Rc<RefCell<Option<TaskGroup>>> = Rc::default();
    let ended = TaskGroup::run(async |group| {
        kept.replace(Some(group.clone()));
        group.create_task(late(group.clone()))?.detach();
        sleep(seconds(1)).await;
        Err::<(), _>(Boom("body failed").into())
    });
    say!(ended.await);
    let group = kept.take().expect("the body has put it there");
    say!("ended", group.create_task(good("never", 1)).map(drop));
    Ok(())
}

async fn a_deadline_around_a_group_cancels_it() -> Result<()> {
    say!(timeout(seconds(1), group_of([good("a", 5)], None)).await, now());
    Ok(())
}

async fn a_deadline_inside_a_group_is_a_failure_of_the_body() -> Result<()> {
    let group = TaskGroup::run(async |group| {
        group.create_task(good("a", 5))?.detach();
        timeout(seconds(1), sleep(HOUR)).await
    });
    say!(group.await, now());
    Ok(())
}

async fn the_count_of_requests_is_as_before_when_the_group_ends() -> Result<()> {
    say!(group_of([bad("a", 1, "failed")], Some(good("body", 5))).await);
    say!(current_task()?.map(|task| task.cancelling()));
    sleep(seconds(1)).await;
    say!("goes on", now());
    Ok(())
}

async fn parts_of_a_group_of_failures() -> Result<()> {
    let inner = ExceptionGroup::new("inner", [Boom("b").into(), Error::value_error("c")]);
    let group = ExceptionGroup::new("outer", [Boom("a").into(), inner.into(), Boom("d").into()]);
    say!(group);
    let (booms, others) = group.split(|error| error.downcast_ref::<Boom>().is_some());
    say!(booms);
    say!(others);
    say!(group.subgroup(|error| error.downcast_ref::<Boom>().is_some_and(|boom| boom.0 == "b")));
    say!(group.subgroup(|error| error.is_timeout()));
    say!(group.derive([Boom("e").into()]));
    Ok(())
}
