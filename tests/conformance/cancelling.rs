//! Cancelling tasks: what is asked, what arrives, what is caught.

use std::future::Future as StdFuture;
use std::pin::Pin;

use asyncio::{
    AnyTask, Error, Future, Result, catch_cancelled, create_task, current_task, get_running_loop, shield, sleep,
};

use crate::harness::program::{Difference, HOUR, Program, now, program, seconds, ticks};
use crate::harness::trace::{Boom, List, Show, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_task_that_was_not_started_never_starts),
    program!(a_suspended_task_leaves_in_the_next_tick),
    program!(a_cancel_in_the_tick_of_the_result_wins),
    program!(a_task_that_is_done_cannot_be_cancelled),
    program!(what_is_caught_stays_counted_until_it_is_taken_back),
    program!(two_requests_in_one_tick_arrive_once),
    program!(a_request_that_was_taken_back_in_time_does_not_arrive).since(13),
    program!(a_task_that_cancels_itself_leaves_at_its_next_await),
    program!(a_cancel_goes_down_a_chain_of_tasks),
    program!(a_child_that_catches_the_cancel_keeps_its_parent),
    program!(clean_up_may_await_and_ends_before_the_task),
    program!(a_second_cancel_interrupts_the_clean_up),
    program!(an_error_in_place_of_a_cancel_is_the_end),
    program!(a_coroutine_that_returns_somebody_elses_cancel_ends_as_cancelled),
    program!(callbacks_hear_of_a_cancel),
    program!(shield_keeps_a_cancel_from_the_task_behind_it),
    program!(shield_hands_on_results_failures_and_cancels).differs(&[Difference {
        row: "forget the message of a cancel",
        python: &["CancelledError"],
        here: &["CancelledError(inside)"],
    }]),
    program!(a_cancelled_sleeper_leaves_no_timer),
];

fn state(task: &AnyTask) -> List<[String; 3]> {
    List([task.done().show(), task.cancelled().show(), task.cancelling().show()])
}

fn me() -> AnyTask {
    current_task().unwrap().expect("the program runs in a task")
}

async fn a_task_that_was_not_started_never_starts() -> Result<()> {
    let task = create_task(async { say!("never") });
    say!("cancel", task.cancel_with("why"), state(&task));
    say!((&task).await);
    say!(state(&task));
    Ok(())
}

async fn a_suspended_task_leaves_in_the_next_tick() -> Result<()> {
    #[asyncio::coroutine]
    async fn child() {
        say!("begin");
        finally! { say!("leaving"); }
        sleep(HOUR).await;
    }
    let task = create_task(child());
    ticks(1).await;
    say!("cancel", task.cancel_with("why"), state(&task));
    ticks(1).await;
    say!(state(&task));
    say!(task.await);
    Ok(())
}

async fn a_cancel_in_the_tick_of_the_result_wins() -> Result<()> {
    let future = Future::new()?;
    let awaited = future.clone();
    let task = create_task(async move {
        say!("got", awaited.await);
        sleep(HOUR).await;
        say!("never");
    });
    ticks(1).await;
    future.set_result("result")?;
    say!("cancel", task.cancel());
    say!((&task).await);
    say!(future.cancelled(), state(&task));
    Ok(())
}

async fn a_task_that_is_done_cannot_be_cancelled() -> Result<()> {
    let task = create_task(async { Ok::<_, Error>("result") });
    (&task).await?;
    say!("cancel", task.cancel(), state(&task));
    say!(task.await);
    Ok(())
}

async fn what_is_caught_stays_counted_until_it_is_taken_back() -> Result<()> {
    let task = create_task(async {
        if let Err(error) = catch_cancelled(sleep(HOUR)).await {
            say!("caught", error);
        }
        say!(me().cancelling());
        ticks(1).await;
        say!("goes on", me().uncancel(), me().cancelling(), me().uncancel());
        Ok::<_, Error>("result")
    });
    ticks(1).await;
    task.cancel_with("why");
    say!((&task).await);
    say!(state(&task));
    Ok(())
}

async fn two_requests_in_one_tick_arrive_once() -> Result<()> {
    let task = create_task(async {
        for _ in 0..2 {
            match catch_cancelled(sleep(seconds(1))).await {
                Ok(()) => say!("slept"),
                Err(error) => say!("caught", error),
            }
        }
        Ok::<_, Error>(me().cancelling())
    });
    ticks(1).await;
    say!("cancel", task.cancel_with("first"), task.cancel_with("second"));
    say!(task.await);
    Ok(())
}

async fn a_request_that_was_taken_back_in_time_does_not_arrive() -> Result<()> {
    let task = create_task(async {
        me().cancel();
        say!(state(&me()), me().uncancel());
        ticks(1).await;
        Ok::<_, Error>("result")
    });
    say!((&task).await);
    say!(state(&task));
    Ok(())
}

async fn a_task_that_cancels_itself_leaves_at_its_next_await() -> Result<()> {
    let task = create_task(async {
        me().cancel_with("itself");
        say!("still here");
        ticks(1).await;
        say!("never");
    });
    say!((&task).await);
    say!(state(&task));
    Ok(())
}

fn chain(depth: usize) -> Pin<Box<dyn StdFuture<Output = Result<()>>>> {
    #[asyncio::coroutine]
    async fn link(depth: usize) -> Result<()> {
        finally! { say!("leaving", depth); }
        if depth == 0 {
            sleep(HOUR).await;
            Ok(())
        } else {
            create_task(chain(depth - 1)).await
        }
    }
    Box::pin(link(depth))
}

async fn a_cancel_goes_down_a_chain_of_tasks() -> Result<()> {
    let task = create_task(chain(3));
    ticks(5).await;
    task.cancel_with("why");
    say!("asked");
    say!(task.await);
    Ok(())
}

async fn a_child_that_catches_the_cancel_keeps_its_parent() -> Result<()> {
    let task = create_task(async {
        create_task(async {
            let error = catch_cancelled(sleep(HOUR)).await.expect_err("it is cancelled before");
            say!("caught", error);
            Ok::<_, Error>("from the child")
        })
        .await
    });
    ticks(2).await;
    task.cancel_with("why");
    say!((&task).await);
    say!(state(&task));
    Ok(())
}

async fn clean_up_may_await_and_ends_before_the_task() -> Result<()> {
    #[asyncio::coroutine]
    async fn child() {
        finally! {
            say!("cleaning");
            sleep(seconds(1)).await;
            say!("clean");
        }
        sleep(HOUR).await;
    }
    let task = create_task(child());
    ticks(1).await;
    task.cancel_with("why");
    ticks(3).await;
    say!(state(&task));
    say!(task.await);
    Ok(())
}

async fn a_second_cancel_interrupts_the_clean_up() -> Result<()> {
    #[asyncio::coroutine]
    async fn child() {
        finally! {
            say!("cleaning");
            sleep(HOUR).await;
            say!("never");
        }
        sleep(HOUR).await;
    }
    let task = create_task(child());
    ticks(1).await;
    task.cancel_with("first");
    ticks(1).await;
    task.cancel_with("second");
    say!((&task).await);
    say!(state(&task));
    Ok(())
}

async fn an_error_in_place_of_a_cancel_is_the_end() -> Result<()> {
    let task = create_task(async { catch_cancelled(sleep(HOUR)).await.map_err(|_| Boom("instead")) });
    ticks(1).await;
    task.cancel();
    say!((&task).await);
    say!(state(&task));
    Ok(())
}

async fn a_coroutine_that_returns_somebody_elses_cancel_ends_as_cancelled() -> Result<()> {
    let other = create_task(sleep(HOUR));
    let others = other.as_any();
    let task = create_task(other.into_future());
    ticks(1).await;
    others.cancel_with("of the other");
    say!((&task).await);
    say!(state(&task), state(&others));
    Ok(())
}

async fn callbacks_hear_of_a_cancel() -> Result<()> {
    let task = create_task(sleep(HOUR));
    task.add_done_callback(|done| say!("callback", state(done)));
    ticks(1).await;
    task.cancel();
    say!("asked");
    ticks(1).await;
    say!("a tick later", state(&task));
    ticks(1).await;
    say!("two ticks later");
    Ok(())
}

async fn shield_keeps_a_cancel_from_the_task_behind_it() -> Result<()> {
    let inner = create_task(async {
        sleep(seconds(1)).await;
        say!("child ends");
        Ok::<_, Error>("result")
    });
    let inside = inner.as_any();
    let task = create_task(async { shield(inner).await });
    ticks(2).await;
    task.cancel_with("why");
    say!((&task).await);
    say!(state(&task), state(&inside));
    sleep(seconds(2)).await;
    say!(state(&inside));
    Ok(())
}

async fn shield_hands_on_results_failures_and_cancels() -> Result<()> {
    async fn child(outcome: Result<&'static str, Boom>) -> Result<&'static str, Boom> {
        ticks(1).await;
        outcome
    }
    say!(shield(child(Ok("result"))).await);
    say!(shield(child(Err(Boom("failed")))).await);
    let inner = create_task(sleep(HOUR));
    let inside = inner.as_any();
    get_running_loop()?.call_later(seconds(1), move || {
        inside.cancel_with("inside");
    })?;
    say!(shield(inner).await);
    Ok(())
}

async fn a_cancelled_sleeper_leaves_no_timer() -> Result<()> {
    let task = create_task(sleep(seconds(5)));
    sleep(seconds(1)).await;
    task.cancel();
    say!(task.await);
    say!(now());
    Ok(())
}
