//! `gather`, `wait` and `as_completed`: several things at once.

use std::pin::Pin;
use std::time::Duration;

use asyncio::{
    AnyTask, Error, Result, ReturnWhen, Task, TaskGroup, as_completed, create_task, gather, get_running_loop, shield,
    sleep, wait, wait_for,
};

use crate::harness::program::{Difference, Program, Ticks, millis, now, program, seconds, ticks};
use crate::harness::trace::{Boom, List, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(gather_gives_results_in_the_order_given),
    program!(gather_fails_with_the_first_and_the_others_run_on),
    program!(gather_of_results_and_failures),
    program!(a_cancelled_child_is_a_failure_for_gather),
    program!(a_cancelled_child_is_a_result_if_failures_are).differs(&[Difference {
        row: "forget the message of a cancel",
        python: &["[CancelledError, second] 2"],
        here: &["[CancelledError(the child), second] 2"],
    }]),
    program!(a_cancelled_gather_cancels_all_children),
    program!(a_cancelled_gather_of_failures_waits_for_all_children),
    program!(a_cancel_of_what_gather_returns),
    program!(children_of_gather_begin_in_their_order_a_tick_later),
    program!(wait_for_all),
    program!(wait_for_the_first),
    program!(wait_for_the_first_failure),
    program!(wait_until_a_deadline),
    program!(a_cancelled_wait_leaves_the_tasks_alone),
    program!(wait_for_nothing_is_an_error),
    program!(as_completed_gives_what_is_done_in_that_order),
    program!(as_completed_until_a_deadline),
    program!(how_many_ticks_after_the_end_those_who_wait_go_on).since(12).differs(&[
        Difference {
            row: "goes on a tick later than who awaits the task itself",
            python: &["gather 4", "gather of failures 4", "gather of a gather 6"],
            here: &["gather 3", "gather of failures 3", "gather of a gather 5"],
        },
        Difference {
            row: "goes on a tick later than who awaits the task itself",
            python: &["wait 4"],
            here: &["wait 3"],
        },
        Difference {
            row: "goes on a tick later than who awaits the task itself",
            python: &["as_completed 5", "task group 5"],
            here: &["as_completed 4", "task group 4"],
        },
    ]),
];

type Named = Result<&'static str, Boom>;

#[asyncio::coroutine]
async fn child(delay: u64, name: &'static str, outcome: Named) -> Named {
    finally! { say!(name, "leaves", now()); }
    sleep(seconds(delay)).await;
    outcome
}

/// One that succeeds.
fn good(name: &'static str, delay: u64) -> impl Future<Output = Named> {
    child(delay, name, Ok(name))
}

/// One that fails.
fn bad(name: &'static str, delay: u64, text: &'static str) -> impl Future<Output = Named> {
    child(delay, name, Err(Boom(text)))
}

fn cancel_later(seconds_from_now: u64, task: &AnyTask, message: &'static str) -> Result<()> {
    let task = task.clone();
    get_running_loop()?.call_later(seconds(seconds_from_now), move || {
        task.cancel_with(message);
    })?;
    Ok(())
}

async fn gather_gives_results_in_the_order_given() -> Result<()> {
    say!(gather([good("a", 3), good("b", 1), good("c", 2)]).await.map(List), now());
    say!(gather(Vec::<Task<&'static str>>::new()).await.map(List), now());
    Ok(())
}

async fn gather_fails_with_the_first_and_the_others_run_on() -> Result<()> {
    let gathered =
        gather([child(3, "a", Ok("a")), child(1, "b", Err(Boom("b failed"))), child(2, "c", Err(Boom("c failed")))]);
    get_running_loop()?.set_exception_handler(report);
    say!(gathered.await.map(List), now());
    sleep(seconds(5)).await;
    Ok(())
}

async fn gather_of_results_and_failures() -> Result<()> {
    let gathered = gather([child(2, "a", Ok("a")), child(1, "b", Err(Boom("failed"))), child(3, "c", Ok("c"))]);
    say!(List(gathered.return_exceptions().await), now());
    Ok(())
}

async fn a_cancelled_child_is_a_failure_for_gather() -> Result<()> {
    let (first, second) = (create_task(good("first", 5)), create_task(good("second", 3)));
    cancel_later(1, &first, "the child")?;
    let kept = second.as_any();
    say!(gather([first, second]).await.map(List), now());
    say!(kept.done());
    wait([&kept]).await?;
    say!("second");
    Ok(())
}

async fn a_cancelled_child_is_a_result_if_failures_are() -> Result<()> {
    let first = create_task(good("first", 5));
    cancel_later(1, &first, "the child")?;
    say!(List(gather([first, create_task(good("second", 2))]).return_exceptions().await), now());
    Ok(())
}

async fn a_cancelled_gather_cancels_all_children() -> Result<()> {
    let task = create_task(async { gather([good("a", 5), good("b", 6)]).await.map(List) });
    sleep(seconds(1)).await;
    task.cancel_with("why");
    say!((&task).await, now(), task.cancelled());
    Ok(())
}

async fn a_cancelled_gather_of_failures_waits_for_all_children() -> Result<()> {
    #[asyncio::coroutine]
    async fn slow() -> Named {
        finally! {
            sleep(seconds(2)).await;
            say!("clean", now());
        }
        sleep(seconds(9)).await;
        Ok("slow")
    }
    let task = create_task(async {
        let gathered = gather([create_task(good("a", 5)), create_task(slow())]).return_exceptions();
        Ok::<_, Error>(List(gathered.await))
    });
    sleep(seconds(1)).await;
    task.cancel();
    say!((&task).await, now(), task.cancelled());
    Ok(())
}

async fn a_cancel_of_what_gather_returns() -> Result<()> {
    let gathered = gather([good("a", 5), good("b", 6)]);
    sleep(seconds(1)).await;
    say!(gathered.done(), gathered.cancel());
    say!(gathered.done());
    say!(gathered.await.map(List), false);
    Ok(())
}

async fn children_of_gather_begin_in_their_order_a_tick_later() -> Result<()> {
    async fn begin(name: &'static str) {
        say!(name, "begins");
    }
    let gathered = gather([begin("a"), begin("b")]);
    say!("made");
    ticks(1).await;
    say!("a tick later");
    gathered.await?;
    Ok(())
}

fn several<const N: usize>(delays: [u64; N]) -> [Task<&'static str>; N] {
    let mut names = ["a", "b", "c", "d"].into_iter();
    delays.map(|delay| {
        let name = names.next().expect("there are at most four");
        create_task(good(name, delay)).named(name)
    })
}

/// Names of what is done and of what is pending.
fn named((done, pending): (Vec<&AnyTask>, Vec<&AnyTask>)) -> String {
    let [done, pending] = [done, pending].map(|tasks| {
        let mut names: Vec<String> = tasks.into_iter().map(AnyTask::get_name).collect();
        names.sort();
        names.join(", ")
    });
    format!("[{done}] [{pending}]")
}

async fn wait_for_all() -> Result<()> {
    let tasks = several([2, 1, 3]);
    say!(named(wait(tasks.iter().map(|task| &**task)).await?), now());
    Ok(())
}

async fn wait_for_the_first() -> Result<()> {
    let tasks = several([3, 1, 1, 4]);
    for _ in 0..2 {
        let first = wait(tasks.iter().map(|task| &**task)).return_when(ReturnWhen::FirstCompleted);
        say!(named(first.await?), now());
    }
    wait(&tasks).await?;
    Ok(())
}

async fn wait_for_the_first_failure() -> Result<()> {
    let tasks = several([1, 2, 5]);
    let failing = create_task(bad("failing", 3, "failed")).named("failing");
    let second = tasks[1].as_any();
    get_running_loop()?.call_later(millis(1500), move || {
        second.cancel();
    })?;
    let mut all: Vec<&AnyTask> = tasks.iter().map(|task| &**task).collect();
    all.push(&failing);
    say!(named(wait(all.iter().copied()).return_when(ReturnWhen::FirstException).await?), now());
    say!(failing.exception());
    all.pop();
    say!(named(wait(all).return_when(ReturnWhen::FirstException).await?), now());
    Ok(())
}

async fn wait_until_a_deadline() -> Result<()> {
    let tasks = several([1, 5]);
    let all = || tasks.iter().map(|task| &**task);
    say!(named(wait(all()).timeout(seconds(2)).await?), now());
    say!(named(wait(all()).timeout(Duration::ZERO).await?), now());
    wait([&tasks[1]]).await?;
    say!(named(wait(all()).timeout(Duration::ZERO).await?), now());
    Ok(())
}

async fn a_cancelled_wait_leaves_the_tasks_alone() -> Result<()> {
    let [sleeper] = several([3]);
    let kept = sleeper.as_any();
    let task = create_task(async move {
        wait([kept]).await?;
        Ok::<_, Error>(())
    });
    sleep(seconds(1)).await;
    task.cancel_with("why");
    say!(task.await, now(), sleeper.cancelling());
    say!(sleeper.await);
    Ok(())
}

async fn wait_for_nothing_is_an_error() -> Result<()> {
    say!(wait(Vec::<AnyTask>::new()).await.map(drop));
    Ok(())
}

async fn as_completed_gives_what_is_done_in_that_order() -> Result<()> {
    let children = [child(3, "a", Ok("a")), child(1, "b", Err(Boom("failed"))), child(2, "c", Ok("c"))];
    let mut completed = as_completed(children);
    while let Some(next) = completed.next().await {
        say!("got", next?.await, now());
    }
    Ok(())
}

async fn as_completed_until_a_deadline() -> Result<()> {
    let tasks = several([1, 3, 4]);
    let kept: Vec<AnyTask> = tasks.iter().map(Task::as_any).collect();
    let mut completed = as_completed(tasks).timeout(seconds(2));
    while let Some(next) = completed.next().await {
        match next {
            Ok(task) => say!("got", task.await, now()),
            Err(error) => say!("got", error, now()),
        }
    }
    say!(List(kept.iter().map(|task| task.done())));
    wait(kept).await?;
    Ok(())
}

async fn end() -> Result<&'static str> {
    ticks(2).await;
    Ok("result")
}

async fn how_many_ticks_after_the_end_those_who_wait_go_on() -> Result<()> {
    /// Begins when it is called, as what is passed in Python.
    fn waiting<A: IntoFuture>(awaitable: A) -> Pin<Box<dyn Future<Output = ()>>>
    where
        A::IntoFuture: 'static,
    {
        let awaited = awaitable.into_future();
        Box::pin(async { drop(awaited.await) })
    }
    type Make = fn() -> Pin<Box<dyn Future<Output = ()>>>;
    let all: [(&str, Make); 11] = [
        ("coroutine", || waiting(end())),
        ("task", || waiting(create_task(end()))),
        ("gather", || waiting(gather([end(), end()]))),
        ("gather of failures", || waiting(gather([end(), end()]).return_exceptions())),
        ("gather of a gather", || waiting(async { gather([gather([end()])]).await })),
        ("shield", || waiting(shield(end()))),
        ("wait", || waiting(wait([create_task(end())]))),
        ("wait_for", || waiting(wait_for(end(), seconds(1)))),
        ("wait_for a task", || waiting(wait_for(create_task(end()), seconds(1)))),
        ("as_completed", || waiting(async { as_completed([end()]).next().await.expect("there is one")?.await })),
        ("task group", || {
            waiting(TaskGroup::run(async |group| {
                group.create_task(end())?.detach();
                Ok(())
            }))
        }),
    ];
    for (name, make) in all {
        let awaitable = make();
        let counted = Ticks::new()?;
        awaitable.await;
        say!(name, counted.count());
        ticks(60).await;
    }
    Ok(())
}
