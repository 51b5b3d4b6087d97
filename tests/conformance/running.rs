//! `run` and `Runner`: what they begin, and what they do at the end.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{
    AnyTask, ContextVar, Error, Result, Runner, RunnerBuilder, copy_context, create_task, current_task,
    get_running_loop, sleep,
};

use crate::harness::program::{Difference, HOUR, Mode, Program, function, seconds, ticks};
use crate::harness::trace::{Boom, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    function!(run_gives_the_result_or_the_failure),
    function!(tasks_that_are_left_are_cancelled),
    function!(tasks_that_are_left_may_clean_up),
    function!(a_task_that_fails_at_the_end_is_reported),
    function!(a_loop_does_not_run_inside_another),
    function!(a_runner_runs_several_with_one_loop_and_one_context),
    function!(a_runner_ends_its_tasks_when_it_is_closed),
    function!(a_closed_runner_runs_nothing),
    function!(a_runner_is_closed_before_its_first_run).differs(&[Difference {
        row: "closing a `Runner` that has run nothing",
        python: &["result"],
        here: &["RuntimeError"],
    }]),
    function!(a_runner_goes_on_after_a_failure),
    function!(a_main_coroutine_that_is_cancelled),
    function!(debug_mode_is_asked_for),
];

/// Says how it leaves.
#[asyncio::coroutine]
async fn noted(name: &'static str) {
    asyncio::finally! { say!(name, "leaves"); }
    sleep(HOUR).await;
}

fn builder(mode: Mode) -> RunnerBuilder {
    Runner::builder().loop_factory(move || mode.new_loop())
}

type Kept = Rc<RefCell<Vec<AnyTask>>>;

/// A main coroutine that leaves a task behind.
async fn leaving(kept: Kept, task: impl Future<Output = ()> + 'static) -> Result<&'static str> {
    kept.borrow_mut().push(create_task(task).as_any());
    ticks(2).await;
    Ok("result")
}

fn run_gives_the_result_or_the_failure(_: Mode) -> Result<()> {
    async fn main(outcome: Result<&'static str, Boom>) -> Result<&'static str, Boom> {
        ticks(1).await;
        outcome
    }
    say!(asyncio::run(main(Ok("result"))));
    say!(asyncio::run(main(Err(Boom("main")))));
    Ok(())
}

fn tasks_that_are_left_are_cancelled(_: Mode) -> Result<()> {
    let kept = Kept::default();
    say!(asyncio::run(leaving(kept.clone(), noted("left"))));
    say!(kept.borrow()[0].cancelled());
    Ok(())
}

fn tasks_that_are_left_may_clean_up(_: Mode) -> Result<()> {
    #[asyncio::coroutine]
    async fn left() {
        asyncio::finally! {
            ticks(3).await;
            say!("clean");
        }
        sleep(HOUR).await;
    }
    asyncio::run(leaving(Kept::default(), left()))?;
    say!("end");
    Ok(())
}

fn a_task_that_fails_at_the_end_is_reported(_: Mode) -> Result<()> {
    asyncio::run(async {
        get_running_loop()?.set_exception_handler(report);
        let left = async { asyncio::catch_cancelled(sleep(HOUR)).await.map_err(|_| Boom("at the end")) };
        create_task(left).detach();
        ticks(2).await;
        Ok::<_, Error>(())
    })?;
    say!("end");
    Ok(())
}

fn a_loop_does_not_run_inside_another(_: Mode) -> Result<()> {
    asyncio::run(async { say!(asyncio::run(async { say!("never") })) })
}

static VARIABLE: ContextVar<&str> = ContextVar::with_default("variable", || "default");

fn a_runner_runs_several_with_one_loop_and_one_context(mode: Mode) -> Result<()> {
    let loops = Rc::new(RefCell::new(Vec::new()));
    let main = |value: &'static str| {
        let loops = loops.clone();
        async move {
            loops.borrow_mut().push(get_running_loop()?);
            let found = VARIABLE.get();
            VARIABLE.set(value);
            Ok::<_, Error>(found)
        }
    };
    let mut several = builder(mode).build();
    say!(several.run(main("first")), several.run(main("second")), several.run(main("third")));
    say!(several.get_loop()? == loops.borrow()[0], loops.borrow()[0] == loops.borrow()[2]);
    let given = copy_context();
    given.run(|| VARIABLE.set("given"));
    say!(several.run_with_context(given.clone(), main("fourth")), given.run(|| VARIABLE.get()));
    several.close()?;
    say!(loops.borrow()[0].is_closed(), VARIABLE.get());
    Ok(())
}

fn a_runner_ends_its_tasks_when_it_is_closed(mode: Mode) -> Result<()> {
    let kept = Kept::default();
    let mut several = builder(mode).build();
    several.run(leaving(kept.clone(), noted("left")))?;
    say!("between", kept.borrow()[0].done());
    several.close()?;
    several.close()?;
    say!("closed", kept.borrow()[0].cancelled());
    Ok(())
}

async fn work() -> Result<&'static str> {
    Ok("result")
}

fn a_closed_runner_runs_nothing(mode: Mode) -> Result<()> {
    let mut several = builder(mode).build();
    say!(several.run(work()));
    several.close()?;
    say!(several.run(work()), several.get_loop().map(drop));
    Ok(())
}

fn a_runner_is_closed_before_its_first_run(mode: Mode) -> Result<()> {
    let mut several = builder(mode).build();
    several.close()?;
    say!(several.run(work()));
    several.close()
}

fn a_runner_goes_on_after_a_failure(mode: Mode) -> Result<()> {
    let mut several = builder(mode).build();
    say!(several.run(async { Err::<(), _>(Boom("main")) }));
    say!(several.run(work()));
    several.close()
}

fn a_main_coroutine_that_is_cancelled(mode: Mode) -> Result<()> {
    let mut several = builder(mode).build();
    let ended = several.run(async {
        current_task()?.expect("this is one").cancel_with("itself");
        sleep(seconds(1)).await;
        Ok::<_, Error>(())
    });
    say!(ended);
    several.close()
}

fn debug_mode_is_asked_for(mode: Mode) -> Result<()> {
    for debug in [true, false] {
        let mut several = builder(mode).debug(debug).build();
        say!(several.run(async { Ok::<_, Error>(get_running_loop()?.get_debug()) }));
        several.close()?;
    }
    Ok(())
}
