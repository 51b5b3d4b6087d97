//! Callbacks and timers: which runs when.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{Error, Future, Handle, Result, get_running_loop, sleep};

use crate::harness::program::{Difference, Mode, Program, at, function, millis, now, program, seconds, ticks};
use crate::harness::trace::{List, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(callbacks_run_in_their_order_and_what_they_call_in_the_next_tick),
    program!(timers_run_by_their_deadlines),
    program!(a_callback_runs_before_a_timer_without_delay_that_came_first),
    program!(a_deadline_in_the_past_is_due_in_the_next_tick),
    program!(timers_that_a_timer_makes_wait_for_their_turn),
    program!(a_cancelled_handle_does_not_run).differs(&[Difference {
        row: "`cancel()` after the callback has run makes `cancelled()` true",
        python: &["cancelled too late: true"],
        here: &["cancelled too late: false"],
    }]),
    program!(a_callback_cancels_another_of_its_own_batch),
    program!(a_timer_cancels_another_that_is_due_with_it),
    program!(a_timer_knows_its_deadline),
    function!(stop_lets_the_batch_end_and_keeps_what_it_called),
    function!(a_loop_that_was_stopped_before_runs_one_tick),
    function!(a_loop_that_is_stopped_too_early_has_no_result),
    function!(what_is_ready_when_the_main_coroutine_ends_stays_there),
    function!(a_closed_loop_takes_nothing),
    function!(a_loop_is_not_run_inside_another_nor_closed_while_it_runs),
];

async fn callbacks_run_in_their_order_and_what_they_call_in_the_next_tick() -> Result<()> {
    let event_loop = get_running_loop()?;
    for (name, called) in [("first", "called by the first"), ("second", "called by the second")] {
        let inner = event_loop.clone();
        event_loop.call_soon(move || {
            say!(name);
            inner.call_soon(move || say!(called)).unwrap();
        })?;
    }
    say!("nothing yet");
    ticks(1).await;
    say!("a tick later");
    ticks(1).await;
    say!("two ticks later");
    Ok(())
}

async fn timers_run_by_their_deadlines() -> Result<()> {
    let event_loop = get_running_loop()?;
    let done = event_loop.create_future();
    for delay in [3, 1, 2] {
        event_loop.call_later(seconds(delay), move || say!("after", delay, "at", now()))?;
    }
    event_loop.call_at(at(millis(1500)), || say!("at", now()))?;
    let end = done.clone();
    event_loop.call_later(seconds(4), move || end.set_result("done").unwrap())?;
    say!(done.await?, now());
    Ok(())
}

async fn a_callback_runs_before_a_timer_without_delay_that_came_first() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.call_later(seconds(0), || say!("timer"))?;
    event_loop.call_soon(|| say!("callback"))?;
    ticks(1).await;
    say!("a tick later");
    ticks(1).await;
    say!("two ticks later");
    Ok(())
}

async fn a_deadline_in_the_past_is_due_in_the_next_tick() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.call_at(at(seconds(2)), || say!("later"))?;
    event_loop.call_at(at(seconds(0)) - seconds(2), || say!("in the past"))?;
    event_loop.call_at(at(seconds(0)), || say!("now"))?;
    ticks(2).await;
    say!("two ticks later", now());
    sleep(seconds(3)).await;
    say!(now());
    Ok(())
}

async fn timers_that_a_timer_makes_wait_for_their_turn() -> Result<()> {
    let event_loop = get_running_loop()?;
    let done = Future::new()?;
    let inner = event_loop.clone();
    event_loop.call_later(seconds(1), move || {
        say!("first", now());
        inner.call_later(seconds(0), || say!("without delay", now())).unwrap();
        inner.call_later(seconds(1), || say!("a second later", now())).unwrap();
        inner.call_soon(|| say!("soon", now())).unwrap();
    })?;
    let end = done.clone();
    event_loop.call_later(millis(2500), move || end.set_result(()).unwrap())?;
    done.await?;
    say!("end", now());
    Ok(())
}

async fn a_cancelled_handle_does_not_run() -> Result<()> {
    let event_loop = get_running_loop()?;
    let soon = event_loop.call_soon(|| say!("soon"))?;
    let later = event_loop.call_later(seconds(1), || say!("later"))?;
    let kept = event_loop.call_soon(|| say!("kept"))?;
    say!(soon.cancelled(), later.cancelled(), kept.cancelled());
    soon.cancel();
    soon.cancel();
    later.cancel();
    say!(soon.cancelled(), later.cancelled(), kept.cancelled());
    sleep(seconds(2)).await;
    say!(kept.cancelled());
    kept.cancel();
    say!("cancelled too late:", kept.cancelled());
    Ok(())
}

async fn a_callback_cancels_another_of_its_own_batch() -> Result<()> {
    let event_loop = get_running_loop()?;
    let handles: Rc<RefCell<Vec<Handle>>> = Rc::default();
    let inner = handles.clone();
    handles.borrow_mut().push(event_loop.call_soon(move || {
        say!("first");
        inner.borrow()[2].cancel();
    })?);
    for name in ["second", "third", "fourth"] {
        handles.borrow_mut().push(event_loop.call_soon(move || say!(name))?);
    }
    ticks(2).await;
    say!(List(handles.borrow().iter().map(Handle::cancelled)));
    Ok(())
}

async fn a_timer_cancels_another_that_is_due_with_it() -> Result<()> {
    let event_loop = get_running_loop()?;
    let other = event_loop.call_later(millis(1500), || say!("the other"))?;
    event_loop.call_later(seconds(1), move || {
        say!("first", now());
        other.cancel();
    })?;
    sleep(seconds(2)).await;
    say!("end", now());
    Ok(())
}

async fn a_timer_knows_its_deadline() -> Result<()> {
    let event_loop = get_running_loop()?;
    let timer = event_loop.call_later(seconds(2), || say!("never"))?;
    say!(timer.when() - event_loop.time());
    say!(event_loop.call_at(at(seconds(7)), || say!("never"))?.when() - event_loop.time());
    timer.cancel();
    say!(timer.when() - event_loop.time());
    Ok(())
}

fn stop_lets_the_batch_end_and_keeps_what_it_called(mode: Mode) -> Result<()> {
    let event_loop = mode.new_loop()?;
    let inner = event_loop.clone();
    event_loop.call_soon(move || {
        say!("first");
        inner.stop();
        inner.call_soon(|| say!("of the next run")).unwrap();
    })?;
    event_loop.call_soon(|| say!("second"))?;
    event_loop.run_forever()?;
    say!("stopped", event_loop.is_running());
    let inner = event_loop.clone();
    event_loop.call_soon(move || inner.stop())?;
    event_loop.run_forever()?;
    say!("stopped again");
    event_loop.close()
}

fn a_loop_that_was_stopped_before_runs_one_tick(mode: Mode) -> Result<()> {
    let event_loop = mode.new_loop()?;
    let inner = event_loop.clone();
    event_loop.call_soon(move || {
        say!("first", inner.is_running());
        inner.call_soon(|| say!("called by the first")).unwrap();
    })?;
    event_loop.stop();
    event_loop.run_forever()?;
    say!("stopped");
    event_loop.stop();
    event_loop.run_forever()?;
    say!("stopped again");
    event_loop.close()
}

fn a_loop_that_is_stopped_too_early_has_no_result(mode: Mode) -> Result<()> {
    let event_loop = mode.new_loop()?;
    let future = event_loop.create_future();
    let (stopped, set) = (event_loop.clone(), future.clone());
    event_loop.call_soon(move || stopped.stop())?;
    event_loop.call_later(seconds(1), move || set.set_result("result").unwrap())?;
    say!(event_loop.run_until_complete(future.clone()));
    say!(future.done());
    say!(event_loop.run_until_complete(future));
    event_loop.close()
}

fn what_is_ready_when_the_main_coroutine_ends_stays_there(mode: Mode) -> Result<()> {
    let event_loop = mode.new_loop()?;
    let result = event_loop.run_until_complete(async {
        let event_loop = get_running_loop()?;
        event_loop.call_soon(|| say!("in the tick of the end"))?;
        let inner = event_loop.clone();
        event_loop.call_soon(move || drop(inner.call_soon(|| say!("a tick later"))))?;
        Ok::<_, Error>("result")
    });
    say!(result);
    let inner = event_loop.clone();
    event_loop.call_soon(move || inner.stop())?;
    event_loop.run_forever()?;
    say!("end");
    event_loop.close()
}

fn a_closed_loop_takes_nothing(mode: Mode) -> Result<()> {
    let event_loop = mode.new_loop()?;
    event_loop.call_soon(|| say!("dropped"))?;
    event_loop.close()?;
    event_loop.close()?;
    say!(event_loop.is_closed(), event_loop.is_running());
    say!(event_loop.call_soon(|| {}).map(drop));
    say!(event_loop.call_later(seconds(1), || {}).map(drop));
    say!(event_loop.call_at(seconds(1), || {}).map(drop));
    say!(event_loop.call_soon_threadsafe(|| {}));
    say!(event_loop.run_forever());
    Ok(())
}

fn a_loop_is_not_run_inside_another_nor_closed_while_it_runs(mode: Mode) -> Result<()> {
    let (event_loop, other) = (mode.new_loop()?, mode.new_loop()?);
    let (outer, inner) = (event_loop.clone(), other.clone());
    say!(get_running_loop().map(drop));
    event_loop.call_soon(move || {
        outer.stop();
        say!(get_running_loop().is_ok_and(|running| running == outer));
        say!(outer.close());
        say!(inner.run_forever());
    })?;
    event_loop.run_forever()?;
    say!(get_running_loop().map(drop));
    other.close()?;
    event_loop.close()
}
