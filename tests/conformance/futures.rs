//! Futures: their states, their callbacks, and who waits for them.

use asyncio::{Context, ContextVar, Future, Result, create_task, get_running_loop};

use crate::harness::program::{Mode, Program, function, program, ticks};
use crate::harness::trace::{Boom, List, Show, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_future_has_one_of_three_states),
    program!(a_state_is_reached_once),
    program!(callbacks_run_in_their_order_a_tick_after_the_result),
    program!(a_callback_may_be_taken_away_until_it_is_scheduled),
    program!(a_callback_adds_another_to_its_future),
    program!(a_callback_runs_in_the_context_it_was_added_in),
    program!(those_who_wait_go_on_in_their_order),
    program!(a_failure_is_raised_for_each_who_waits),
    program!(a_cancelled_future_cancels_those_who_wait),
    program!(one_of_those_who_wait_cancels_the_future_for_all),
    program!(a_future_that_is_done_is_not_waited_for),
    program!(a_lost_failure_is_reported),
    function!(a_future_belongs_to_its_loop),
];

fn state(future: &Future<&'static str>) -> List<[String; 3]> {
    List([future.done().show(), future.cancelled().show(), future.result().show()])
}

async fn a_future_has_one_of_three_states() -> Result<()> {
    let event_loop = get_running_loop()?;
    let [pending, result, failed, cancelled] = std::array::from_fn(|_| event_loop.create_future());
    result.set_result("result")?;
    failed.set_exception(Boom("failed"))?;
    say!("cancel", cancelled.cancel());
    for (name, future) in [("pending", pending), ("result", result), ("failed", failed), ("cancelled", cancelled)] {
        say!(name, state(&future));
        say!("exception", future.exception());
    }
    Ok(())
}

async fn a_state_is_reached_once() -> Result<()> {
    let event_loop = get_running_loop()?;
    let future = event_loop.create_future();
    future.set_result("first")?;
    say!(future.set_result("second"));
    say!(future.set_exception(Boom("second")));
    say!("cancel", future.cancel());
    say!(state(&future));
    let cancelled = event_loop.create_future();
    say!("cancel", cancelled.cancel_with("why"), cancelled.cancel_with("again"));
    say!(cancelled.set_result("late"));
    say!(cancelled.set_exception(Boom("late")));
    say!(state(&cancelled));
    Ok(())
}

async fn callbacks_run_in_their_order_a_tick_after_the_result() -> Result<()> {
    let event_loop = get_running_loop()?;
    let future = event_loop.create_future();
    for name in ["first", "second", "third"] {
        future.add_done_callback(move |done| say!(name, done.result()));
    }
    event_loop.call_soon(|| say!("called before the result"))?;
    future.set_result("result")?;
    event_loop.call_soon(|| say!("called after the result"))?;
    say!("set");
    ticks(1).await;
    say!("a tick later");
    future.add_done_callback(|done| say!("late", done.result()));
    say!("added");
    ticks(1).await;
    say!("two ticks later");
    Ok(())
}

async fn a_callback_may_be_taken_away_until_it_is_scheduled() -> Result<()> {
    let future = Future::new()?;
    let first = future.add_done_callback(|_| say!("first"));
    let second = future.add_done_callback(|_| say!("second"));
    say!("removed", future.remove_done_callback(first));
    say!("removed", future.remove_done_callback(first));
    future.set_result(())?;
    say!("removed", future.remove_done_callback(second));
    ticks(1).await;
    Ok(())
}

async fn a_callback_adds_another_to_its_future() -> Result<()> {
    let future = Future::new()?;
    future.add_done_callback(|done| {
        say!("first");
        done.add_done_callback(|_| say!("added by the first"));
    });
    future.add_done_callback(|_| say!("second"));
    future.set_result(())?;
    ticks(1).await;
    say!("a tick later");
    ticks(1).await;
    say!("two ticks later");
    Ok(())
}

static VARIABLE: ContextVar<&str> = ContextVar::with_default("variable", || "default");

async fn a_callback_runs_in_the_context_it_was_added_in() -> Result<()> {
    let future = Future::new()?;
    VARIABLE.set("before");
    future.add_done_callback(|_| say!("first", VARIABLE.get()));
    VARIABLE.set("after");
    future.add_done_callback(|_| say!("second", VARIABLE.get()));
    let other = Context::new();
    other.run(|| VARIABLE.set("given"));
    future.add_done_callback_with_context(other, |_| say!("third", VARIABLE.get()));
    future.set_result(())?;
    ticks(1).await;
    say!(VARIABLE.get());
    Ok(())
}

async fn those_who_wait_go_on_in_their_order() -> Result<()> {
    let future = Future::new()?;
    for name in ["a", "b", "c"] {
        let future = future.clone();
        create_task(async move {
            say!(name, "waits");
            say!(name, "got", future.await);
        })
        .detach();
    }
    ticks(1).await;
    future.set_result("result")?;
    say!("set");
    ticks(1).await;
    say!("a tick later");
    say!((&future).await, future.await);
    Ok(())
}

async fn a_failure_is_raised_for_each_who_waits() -> Result<()> {
    let future = Future::<()>::new()?;
    let tasks: [_; 3] = std::array::from_fn(|_| create_task(future.clone().into_future()));
    ticks(1).await;
    future.set_exception(Boom("failed"))?;
    for task in tasks {
        say!(task.await);
    }
    say!(future.await);
    Ok(())
}

async fn a_cancelled_future_cancels_those_who_wait() -> Result<()> {
    let future = Future::<()>::new()?;
    let tasks: [_; 2] = std::array::from_fn(|_| create_task(future.clone().into_future()));
    ticks(1).await;
    future.cancel_with("why");
    for task in tasks {
        say!((&task).await);
        say!(task.cancelled(), task.cancelling());
    }
    Ok(())
}

async fn one_of_those_who_wait_cancels_the_future_for_all() -> Result<()> {
    let future = Future::<()>::new()?;
    let [first, second] = std::array::from_fn(|_| create_task(future.clone().into_future()));
    ticks(1).await;
    say!("cancel", first.cancel_with("why"));
    say!(future.cancelled());
    say!((&first).await);
    say!((&second).await);
    say!(first.cancelling(), second.cancelling());
    Ok(())
}

async fn a_future_that_is_done_is_not_waited_for() -> Result<()> {
    let event_loop = get_running_loop()?;
    let future = event_loop.create_future();
    future.set_result("result")?;
    event_loop.call_soon(|| say!("a tick later"))?;
    say!(future.await);
    say!("no tick has passed");
    ticks(1).await;
    Ok(())
}

async fn a_lost_failure_is_reported() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.set_exception_handler(report);
    let [lost, seen, asked, cancelled]: [Future<()>; 4] = std::array::from_fn(|_| event_loop.create_future());
    lost.set_exception(Boom("lost"))?;
    seen.set_exception(Boom("seen"))?;
    asked.set_exception(Boom("asked"))?;
    cancelled.set_exception(Boom("cancelled"))?;
    say!(seen.await);
    say!(asked.exception());
    say!("cancel", cancelled.cancel());
    drop((lost, asked, cancelled));
    say!("end");
    Ok(())
}

fn a_future_belongs_to_its_loop(mode: Mode) -> Result<()> {
    let other = mode.new_loop()?;
    let awaits = other.clone();
    mode.run(async move {
        let future = awaits.create_future::<()>();
        say!(future.get_loop()? == awaits);
        say!(future.await);
        let running = get_running_loop()?;
        say!(running.create_future::<()>().get_loop()? == running);
        Ok(())
    })?;
    other.close()
}
