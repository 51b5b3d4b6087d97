//! Eager tasks: a first step at once.

use asyncio::{
    ContextVar, Error, Result, Task, create_task, current_task, eager_task_factory, gather, get_running_loop, sleep,
};

use crate::harness::program::{HOUR, Program, program, ticks};
use crate::harness::trace::{Boom, List, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(an_eager_task_runs_to_its_first_wait).since(12),
    program!(a_task_that_does_not_wait_is_done_at_once).since(12),
    program!(the_outer_task_is_current_again).since(12),
    program!(an_eager_failure_is_kept_for_who_awaits).since(12),
    program!(an_eager_task_is_cancelled_where_it_waits).since(12),
    program!(eager_children_see_the_context_of_their_maker_and_keep_their_own).since(12),
    program!(gather_of_eager_tasks_that_are_done_waits_for_nothing).since(12),
    program!(eager_and_other_tasks_take_turns).since(12),
];

fn eagerly() -> Result<()> {
    get_running_loop()?.set_task_factory(eager_task_factory);
    Ok(())
}

fn current_name() -> Option<String> {
    current_task().unwrap().map(|task| task.get_name())
}

async fn child(name: &'static str, count: usize) -> Result<&'static str> {
    say!(name, "begins in", current_name());
    ticks(count).await;
    say!(name, "ends");
    Ok(name)
}

async fn an_eager_task_runs_to_its_first_wait() -> Result<()> {
    let task = Task::builder().eager_start(true).name("task of a").create_task(child("a", 1))?;
    say!("made", task.done());
    say!(task.await);
    Ok(())
}

async fn a_task_that_does_not_wait_is_done_at_once() -> Result<()> {
    let task = Task::builder().eager_start(true).name("task of a").create_task(child("a", 0))?;
    say!("made", task.done(), task.result());
    task.add_done_callback(|_| say!("callback", "a"));
    say!(task.await);
    ticks(1).await;
    Ok(())
}

async fn the_outer_task_is_current_again() -> Result<()> {
    current_task()?.expect("this is one").set_name("main");
    let outer = async {
        Task::builder().eager_start(true).name("task of inner").create_task(child("inner", 0))?.detach();
        say!(current_name());
        Ok::<_, Error>(())
    };
    Task::builder().eager_start(true).name("outer").create_task(outer)?.detach();
    say!(current_name());
    Ok(())
}

async fn an_eager_failure_is_kept_for_who_awaits() -> Result<()> {
    eagerly()?;
    let task = create_task(async { Err::<(), _>(Boom("failed")) });
    say!(task.done(), task.exception());
    say!(task.await);
    Ok(())
}

async fn an_eager_task_is_cancelled_where_it_waits() -> Result<()> {
    #[asyncio::coroutine]
    async fn wait() {
        say!("begin");
        finally! { say!("leaving"); }
        sleep(HOUR).await;
    }
    eagerly()?;
    let task = create_task(wait());
    task.cancel_with("why");
    say!(task.await);
    Ok(())
}

static VARIABLE: ContextVar<&str> = ContextVar::with_default("variable", || "default");

async fn eager_children_see_the_context_of_their_maker_and_keep_their_own() -> Result<()> {
    eagerly()?;
    VARIABLE.set("main");
    let task = create_task(async {
        say!("found", VARIABLE.get());
        VARIABLE.set("changed");
        say!("set", VARIABLE.get());
        ticks(1).await;
        say!("kept", VARIABLE.get());
    });
    say!("main", VARIABLE.get());
    task.await
}

async fn gather_of_eager_tasks_that_are_done_waits_for_nothing() -> Result<()> {
    async fn child(name: &'static str) -> Result<&'static str> {
        say!(name);
        Ok(name)
    }
    eagerly()?;
    get_running_loop()?.call_soon(|| say!("a tick later"))?;
    say!(gather([child("a"), child("b")]).await.map(List));
    ticks(1).await;
    Ok(())
}

async fn eager_and_other_tasks_take_turns() -> Result<()> {
    Task::builder().name("lazy").create_task(child("first", 2))?.detach();
    Task::builder().eager_start(true).name("eager").create_task(child("second", 2))?.detach();
    say!("made");
    ticks(5).await;
    Ok(())
}
