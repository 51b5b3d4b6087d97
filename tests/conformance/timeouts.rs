//! Deadlines: what they end, and what they leave alone.

use std::time::Duration;

use asyncio::{
    Error, Future, Result, Timeout, catch_cancelled, create_task, current_task, shield, sleep, timeout, timeout_at,
    wait_for,
};

use crate::harness::program::{HOUR, Program, at, millis, now, program, seconds, ticks};
use crate::harness::trace::{Boom, List, Show, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_deadline_ends_what_waits),
    program!(what_ends_in_time_has_its_result),
    program!(the_inner_of_two_deadlines_passes_first),
    program!(the_outer_of_two_deadlines_passes_first),
    program!(clean_up_may_take_longer_than_the_deadline),
    program!(a_body_that_catches_the_cancel_is_not_late),
    program!(an_error_at_the_deadline_passes),
    program!(a_deadline_is_moved_and_taken_away),
    program!(a_deadline_that_has_passed_is_not_moved).since(12),
    program!(a_deadline_of_zero_waits_for_nothing),
    program!(a_deadline_in_the_past_ends_the_first_wait),
    program!(a_cancel_before_the_deadline_is_a_cancel),
    program!(a_cancel_during_the_clean_up_of_a_deadline_wins),
    program!(an_older_cancel_does_not_hide_a_deadline).since(12),
    program!(a_deadline_serves_once).since(12),
    program!(wait_for_gives_the_result_or_the_failure),
    program!(wait_for_waits_for_the_end_of_what_it_cancels),
    program!(wait_for_takes_what_comes_in_spite_of_the_cancel),
    program!(wait_for_zero_takes_only_what_is_there),
    program!(a_cancelled_wait_for_cancels_what_it_waits_for),
    program!(wait_for_of_a_shield_leaves_the_task_running),
];

fn cancelling() -> usize {
    current_task().unwrap().map_or(0, |task| task.cancelling())
}

async fn a_deadline_ends_what_waits() -> Result<()> {
    #[asyncio::coroutine]
    async fn body(deadline: Timeout) {
        say!(deadline.when() == Some(at(seconds(2))), deadline.expired());
        finally! { say!("leaving", now(), deadline.expired(), cancelling()); }
        sleep(HOUR).await;
    }
    let deadline = Timeout::new(seconds(2));
    say!(deadline.clone().run(body(deadline)).await);
    say!(now(), cancelling());
    Ok(())
}

async fn what_ends_in_time_has_its_result() -> Result<()> {
    async fn body(delay: Option<Duration>) -> Result<List<[String; 2]>> {
        let deadline = Timeout::new(delay);
        deadline.clone().run(sleep(seconds(1))).await?;
        let when = deadline.when().map(|when| when - at(seconds(0)));
        Ok(List([deadline.expired().show(), when.show()]))
    }
    say!(body(Some(seconds(2))).await);
    say!(body(None).await);
    say!(now());
    Ok(())
}

async fn the_inner_of_two_deadlines_passes_first() -> Result<()> {
    let deadline = Timeout::new(seconds(3));
    let outer = deadline.clone().run(async {
        say!("inner", timeout(seconds(1), sleep(HOUR)).await, now());
        say!(deadline.expired(), cancelling());
        sleep(HOUR).await;
    });
    say!("outer", outer.await, now());
    Ok(())
}

async fn the_outer_of_two_deadlines_passes_first() -> Result<()> {
    #[asyncio::coroutine]
    async fn inner() {
        finally! { say!("leaving", now()); }
        sleep(HOUR).await;
    }
    let outer = timeout(seconds(1), async {
        timeout(seconds(3), inner()).await?;
        say!("never");
        Ok::<_, Error>(())
    });
    say!("outer", outer.await, now());
    Ok(())
}

async fn clean_up_may_take_longer_than_the_deadline() -> Result<()> {
    #[asyncio::coroutine]
    async fn body() {
        finally! {
            sleep(seconds(3)).await;
            say!("clean", now());
        }
        sleep(HOUR).await;
    }
    say!(timeout(seconds(1), body()).await, now());
    Ok(())
}

async fn a_body_that_catches_the_cancel_is_not_late() -> Result<()> {
    let deadline = Timeout::new(seconds(1));
    let body = deadline.clone().run(async {
        if let Err(error) = catch_cancelled(sleep(HOUR)).await {
            say!("caught", error, deadline.expired());
        }
    });
    let ended = body.await;
    say!(ended.map(|()| List([deadline.expired().show(), cancelling().show()])));
    Ok(())
}

async fn an_error_at_the_deadline_passes() -> Result<()> {
    let body = async { catch_cancelled(sleep(HOUR)).await.map_err(|_| Boom("instead")) };
    say!(timeout(seconds(1), body).await, cancelling());
    Ok(())
}

async fn a_deadline_is_moved_and_taken_away() -> Result<()> {
    let deadline = Timeout::new(seconds(1));
    let body = deadline.clone().run(async {
        deadline.reschedule(at(seconds(3)))?;
        sleep(seconds(2)).await;
        say!("later", now(), deadline.when().map(|when| when - at(seconds(0))));
        deadline.reschedule(None)?;
        sleep(seconds(5)).await;
        say!("without", now(), deadline.when());
        deadline.reschedule(at(seconds(1)))?;
        say!("passed", deadline.expired());
        sleep(HOUR).await;
        Ok::<_, Error>(())
    });
    say!(body.await, now());
    Ok(())
}

async fn a_deadline_that_has_passed_is_not_moved() -> Result<()> {
    #[asyncio::coroutine]
    async fn body(deadline: Timeout) {
        finally! { say!(deadline.reschedule(at(seconds(5)))); }
        sleep(HOUR).await;
    }
    let deadline = Timeout::new(seconds(1));
    say!(deadline.clone().run(body(deadline.clone())).await);
    say!(deadline.reschedule(at(seconds(9))));
    let fresh = Timeout::new(seconds(1));
    say!(fresh.reschedule(at(seconds(9))), fresh.expired());
    Ok(())
}

async fn a_deadline_of_zero_waits_for_nothing() -> Result<()> {
    async fn body(suspends: bool) -> Result<bool> {
        let deadline = Timeout::new(Duration::ZERO);
        let waits = async {
            say!("begin");
            if suspends {
                sleep(HOUR).await;
            }
        };
        deadline.clone().run(waits).await?;
        Ok(deadline.expired())
    }
    say!(body(false).await);
    say!(body(true).await);
    say!(now());
    Ok(())
}

async fn a_deadline_in_the_past_ends_the_first_wait() -> Result<()> {
    say!("-5");
    say!(timeout_at(at(Duration::ZERO) - seconds(5), sleep(HOUR)).await, now());
    Ok(())
}

async fn a_cancel_before_the_deadline_is_a_cancel() -> Result<()> {
    let task = create_task(timeout(seconds(3), sleep(HOUR)));
    sleep(seconds(1)).await;
    task.cancel_with("outside");
    say!((&task).await, now(), task.cancelling());
    Ok(())
}

async fn a_cancel_during_the_clean_up_of_a_deadline_wins() -> Result<()> {
    #[asyncio::coroutine]
    async fn body() {
        finally! {
            sleep(seconds(5)).await;
            say!("never");
        }
        sleep(HOUR).await;
    }
    let task = create_task(timeout(seconds(1), body()));
    sleep(seconds(2)).await;
    task.cancel_with("outside");
    say!((&task).await, now(), task.cancelling());
    Ok(())
}

async fn an_older_cancel_does_not_hide_a_deadline() -> Result<()> {
    let task = create_task(async {
        if catch_cancelled(sleep(HOUR)).await.is_err() {
            say!("caught", cancelling());
        }
        timeout(seconds(1), sleep(HOUR)).await
    });
    ticks(1).await;
    task.cancel();
    say!((&task).await, now(), task.cancelling());
    Ok(())
}

async fn a_deadline_serves_once() -> Result<()> {
    async fn body() -> Result<&'static str> {
        ticks(1).await;
        Ok("result")
    }
    let deadline = Timeout::new(seconds(1));
    say!(deadline.clone().run(body()).await);
    say!(deadline.run(body()).await);
    Ok(())
}

async fn wait_for_gives_the_result_or_the_failure() -> Result<()> {
    async fn child(outcome: Result<&'static str, Boom>) -> Result<&'static str, Boom> {
        sleep(seconds(1)).await;
        outcome
    }
    say!(wait_for(child(Ok("result")), seconds(2)).await, now());
    say!(wait_for(child(Err(Boom("failed"))), seconds(2)).await, now());
    say!(wait_for(child(Ok("result")), None).await, now());
    say!(wait_for(child(Ok("result")), millis(500)).await, now());
    Ok(())
}

async fn wait_for_waits_for_the_end_of_what_it_cancels() -> Result<()> {
    #[asyncio::coroutine]
    async fn child() {
        finally! {
            sleep(seconds(2)).await;
            say!("clean", now());
        }
        sleep(HOUR).await;
    }
    let task = create_task(child());
    let kept = task.as_any();
    say!(wait_for(task, seconds(1)).await, now());
    say!(kept.cancelled(), kept.cancelling());
    Ok(())
}

async fn wait_for_takes_what_comes_in_spite_of_the_cancel() -> Result<()> {
    async fn stubborn() -> Result<&'static str> {
        Ok(catch_cancelled(sleep(HOUR)).await.map_or("in spite of it", |()| "slept"))
    }
    async fn angry() -> Result<(), Boom> {
        catch_cancelled(sleep(HOUR)).await.map_err(|_| Boom("angry"))
    }
    say!(wait_for(stubborn(), seconds(1)).await);
    say!(wait_for(create_task(stubborn()), seconds(1)).await);
    say!(wait_for(angry(), seconds(1)).await);
    Ok(())
}

async fn wait_for_zero_takes_only_what_is_there() -> Result<()> {
    let (done, pending) = (Future::new()?, Future::<()>::new()?);
    done.set_result("result")?;
    say!(wait_for(done, Duration::ZERO).await);
    say!(wait_for(pending.clone(), Duration::ZERO).await, pending.cancelled());
    say!(now());
    Ok(())
}

async fn a_cancelled_wait_for_cancels_what_it_waits_for() -> Result<()> {
    let inner = create_task(sleep(HOUR));
    let kept = inner.as_any();
    let task = create_task(wait_for(inner, seconds(5)));
    sleep(seconds(1)).await;
    task.cancel_with("why");
    say!(task.await, kept.cancelled(), now());
    Ok(())
}

async fn wait_for_of_a_shield_leaves_the_task_running() -> Result<()> {
    let task = create_task(async {
        sleep(seconds(3)).await;
        say!("child ends", now());
    });
    let kept = task.as_any();
    say!(wait_for(shield(task), seconds(1)).await, now());
    sleep(millis(2500)).await;
    say!(kept.done(), now());
    Ok(())
}
