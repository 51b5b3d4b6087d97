//! Tasks: when their steps run, and how they end.

use std::cell::{Cell, RefCell};
use std::future::Future as StdFuture;
use std::pin::Pin;
use std::rc::Rc;

use asyncio::{
    AnyTask, Context, ContextVar, Error, EventLoop, Result, Task, all_tasks, copy_context, create_task, current_task,
    ensure_future, get_running_loop, sleep,
};

use crate::harness::program::{Difference, Mode, Program, function, program, seconds, ticks};
use crate::harness::trace::{Boom, List, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(steps_of_tasks_take_turns),
    program!(a_task_begins_in_the_next_tick_and_callbacks_keep_their_place),
    program!(who_awaits_a_task_goes_on_a_tick_after_its_end),
    program!(a_coroutine_is_awaited_without_a_tick),
    program!(tasks_that_end_in_one_tick_are_awaited_in_any_order),
    program!(a_chain_of_tasks_takes_a_tick_for_each),
    program!(a_task_ends_with_its_failure),
    program!(a_lost_failure_of_a_task_is_reported).differs(&[Difference {
        row: "has the task under the key `future`",
        python: &["reported: Task exception was never retrieved Boom(lost) [future]"],
        here: &["reported: Task exception was never retrieved Boom(lost) [task]"],
    }]),
    program!(names_are_given_and_changed),
    program!(the_current_task_is_known_in_tasks_and_none_in_callbacks),
    program!(all_tasks_are_those_that_are_not_done),
    program!(a_task_runs_in_a_copy_of_the_context_or_in_the_one_given),
    program!(ensure_future_keeps_a_task_and_wraps_a_coroutine),
    program!(a_task_that_awaits_itself_fails),
    program!(sleeping_tasks_wake_by_their_deadlines),
    function!(tasks_of_a_closed_loop_are_refused),
];

async fn steps(name: &'static str, count: usize) -> Result<&'static str> {
    for step in 0..count {
        say!(name, step);
        ticks(1).await;
    }
    say!(name, "ends");
    Ok(name)
}

async fn steps_of_tasks_take_turns() -> Result<()> {
    let tasks = [("a", 3), ("b", 1), ("c", 2)].map(|(name, count)| create_task(steps(name, count)));
    say!("made");
    for task in tasks {
        say!("got", task.await);
    }
    Ok(())
}

async fn a_task_begins_in_the_next_tick_and_callbacks_keep_their_place() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.call_soon(|| say!("called before"))?;
    create_task(steps("task", 1)).detach();
    event_loop.call_soon(|| say!("called after"))?;
    say!("nothing yet");
    ticks(3).await;
    Ok(())
}

async fn who_awaits_a_task_goes_on_a_tick_after_its_end() -> Result<()> {
    let event_loop = get_running_loop()?;
    let inner = event_loop.clone();
    let task = create_task(async move {
        say!("child");
        inner.call_soon(|| say!("called by the child"))?;
        Ok::<_, Error>("result")
    });
    task.add_done_callback(|_| say!("callback", "result"));
    let inner = event_loop.clone();
    event_loop.call_soon(move || drop(inner.call_soon(|| say!("a tick after the child"))))?;
    say!(task.await);
    ticks(1).await;
    Ok(())
}

async fn a_coroutine_is_awaited_without_a_tick() -> Result<()> {
    async fn inner() -> &'static str {
        say!("inner");
        "result"
    }
    get_running_loop()?.call_soon(|| say!("a tick later"))?;
    say!(inner().await);
    ticks(1).await;
    Ok(())
}

async fn tasks_that_end_in_one_tick_are_awaited_in_any_order() -> Result<()> {
    let [first, second] = ["first", "second"].map(|name| {
        create_task(async move {
            ticks(1).await;
            Ok::<_, Error>(name)
        })
    });
    say!(second.await);
    say!(first.done());
    say!(first.await);
    Ok(())
}

/// Counts the ticks, for a while.
fn count_ticks(event_loop: &EventLoop, count: Rc<Cell<usize>>) {
    count.set(count.get() + 1);
    if count.get() < 100 {
        let inner = event_loop.clone();
        event_loop.call_soon(move || count_ticks(&inner, count)).unwrap();
    }
}

fn chain(depth: usize) -> Pin<Box<dyn StdFuture<Output = Result<&'static str>>>> {
    Box::pin(async move { if depth == 0 { Ok("result") } else { create_task(chain(depth - 1)).await } })
}

async fn a_chain_of_tasks_takes_a_tick_for_each() -> Result<()> {
    let event_loop = get_running_loop()?;
    let count = Rc::new(Cell::new(0));
    let (inner, counted) = (event_loop.clone(), count.clone());
    event_loop.call_soon(move || count_ticks(&inner, counted))?;
    say!(create_task(chain(5)).await, "after", count.get());
    Ok(())
}

async fn a_task_ends_with_its_failure() -> Result<()> {
    let task = create_task(async {
        ticks(1).await;
        Err::<(), _>(Boom("failed"))
    });
    say!(task.exception());
    say!((&task).await);
    say!(task.done(), task.cancelled());
    say!(task.exception());
    say!(task.await);
    Ok(())
}

async fn a_lost_failure_of_a_task_is_reported() -> Result<()> {
    get_running_loop()?.set_exception_handler(report);
    let fail = |text| create_task(async move { Err::<(), _>(Boom(text)) });
    say!(fail("seen").await);
    let lost = fail("lost");
    ticks(2).await;
    drop(lost);
    say!("end");
    Ok(())
}

async fn names_are_given_and_changed() -> Result<()> {
    let task = Task::builder().name("given").create_task(steps("task", 0))?;
    say!(task.get_name());
    task.set_name("changed");
    say!(task.get_name());
    (&task).await?;
    say!(task.get_name());
    Ok(())
}

fn current_name() -> Option<String> {
    current_task().unwrap().map(|task| task.get_name())
}

async fn the_current_task_is_known_in_tasks_and_none_in_callbacks() -> Result<()> {
    async fn child() -> Result<Option<String>> {
        Ok(current_name())
    }
    say!(create_task(child()).named("child").await);
    get_running_loop()?.call_soon(|| say!("in a callback", current_name()))?;
    current_task()?.expect("this is one").set_name("main");
    ticks(1).await;
    say!(child().await);
    Ok(())
}

fn names() -> Result<List<Vec<String>>> {
    let mut names: Vec<String> = all_tasks()?.iter().map(AnyTask::get_name).collect();
    names.sort();
    Ok(List(names))
}

async fn all_tasks_are_those_that_are_not_done() -> Result<()> {
    current_task()?.expect("this is one").set_name("main");
    let first = create_task(steps("first", 1)).named("first");
    create_task(steps("second", 3)).named("second").detach();
    say!(names());
    first.await?;
    say!(names());
    ticks(3).await;
    say!(names());
    Ok(())
}

static VARIABLE: ContextVar<&str> = ContextVar::with_default("variable", || "default");

async fn set_variable(value: &'static str) {
    say!("found", VARIABLE.get());
    VARIABLE.set(value);
    ticks(1).await;
    say!("kept", VARIABLE.get());
}

async fn a_task_runs_in_a_copy_of_the_context_or_in_the_one_given() -> Result<()> {
    VARIABLE.set("main");
    create_task(set_variable("copy")).await?;
    say!(VARIABLE.get());
    let given: Context = copy_context();
    Task::builder().context(given.clone()).create_task(set_variable("given"))?.await?;
    say!(VARIABLE.get(), given.run(|| VARIABLE.get()));
    set_variable("inline").await;
    say!(VARIABLE.get());
    Ok(())
}

async fn ensure_future_keeps_a_task_and_wraps_a_coroutine() -> Result<()> {
    async fn child() -> Result<&'static str> {
        Ok("result")
    }
    let task = create_task(child());
    let same = task.as_any();
    let task = ensure_future(task)?;
    say!(task == same);
    say!(task.await);
    say!(ensure_future(child())?.await);
    Ok(())
}

async fn a_task_that_awaits_itself_fails() -> Result<()> {
    let kept: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let inner = kept.clone();
    let outcome = asyncio::Future::<()>::new()?;
    let told = outcome.clone();
    *kept.borrow_mut() = Some(create_task(async move {
        let itself = inner.take().expect("it was put there");
        told.set_exception(itself.await.expect_err("it cannot end before itself"))
    }));
    say!(outcome.await);
    Ok(())
}

async fn sleeping_tasks_wake_by_their_deadlines() -> Result<()> {
    for (name, delay) in [("late", 3), ("early", 1), ("middle", 2)] {
        create_task(async move {
            sleep(seconds(delay)).await;
            say!(name, "result", name);
        })
        .detach();
    }
    sleep(seconds(4)).await;
    Ok(())
}

fn tasks_of_a_closed_loop_are_refused(mode: Mode) -> Result<()> {
    let event_loop = mode.new_loop()?;
    event_loop.close()?;
    say!(event_loop.create_task(steps("never", 1)).map(drop));
    Ok(())
}
