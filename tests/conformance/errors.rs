//! What goes wrong where nobody waits, and what the exception handler is given.

use asyncio::{Error, EventLoop, ExceptionContext, Future, Result, create_task, get_running_loop, sleep};

use crate::harness::program::{Difference, HOUR, Mode, Program, function, program, seconds, ticks};
use crate::harness::trace::{Boom, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_callback_that_fails_is_reported_and_the_others_run),
    program!(a_callback_of_a_future_that_fails_is_reported),
    program!(a_report_of_ones_own_reaches_the_handler),
    program!(the_handler_is_replaced_and_taken_away),
    program!(a_handler_that_fails_stops_nobody),
    program!(a_task_that_nobody_awaits_is_reported_once_it_is_forgotten).differs(&[LOST]),
    program!(a_failure_that_was_looked_at_is_not_lost),
    program!(a_cancelled_task_is_not_lost),
    function!(the_main_coroutine_fails_with_its_own_error),
];

const LOST: Difference = Difference {
    row: "has the task under the key `future`",
    python: &["reported: Task exception was never retrieved Boom(lost) [future]"],
    here: &["reported: Task exception was never retrieved Boom(lost) [task]"],
};

/// What is an exception in a Python callback.
fn fail(text: &'static str) {
    // Without the panic hook, which would print it.
    std::panic::resume_unwind(Box::new(Boom(text).to_string()));
}

fn watched() -> Result<EventLoop> {
    let event_loop = get_running_loop()?;
    event_loop.set_exception_handler(report);
    Ok(event_loop)
}

async fn a_callback_that_fails_is_reported_and_the_others_run() -> Result<()> {
    let event_loop = watched()?;
    event_loop.call_soon(|| fail("soon"))?;
    event_loop.call_later(seconds(1), || fail("later"))?;
    event_loop.call_soon(|| say!("the next one"))?;
    ticks(1).await;
    sleep(seconds(2)).await;
    say!("end");
    Ok(())
}

async fn a_callback_of_a_future_that_fails_is_reported() -> Result<()> {
    watched()?;
    let future = Future::new()?;
    future.add_done_callback(|_| fail("first"));
    future.add_done_callback(|_| say!("second"));
    future.set_result(())?;
    ticks(1).await;
    Ok(())
}

async fn a_report_of_ones_own_reaches_the_handler() -> Result<()> {
    let event_loop = watched()?;
    let own = ExceptionContext::new("something").exception(Boom("own")).with("protocol", "a protocol");
    event_loop.call_exception_handler(own);
    event_loop.call_exception_handler(ExceptionContext::new("without exception"));
    Ok(())
}

async fn the_handler_is_replaced_and_taken_away() -> Result<()> {
    let event_loop = get_running_loop()?;
    say!("handler", event_loop.get_exception_handler().is_some());
    event_loop.set_exception_handler(|_, _| say!("the first handler"));
    event_loop.call_exception_handler(ExceptionContext::new("one"));
    event_loop.set_exception_handler(|_, _| say!("the second handler"));
    event_loop.call_exception_handler(ExceptionContext::new("two"));
    say!("handler", event_loop.get_exception_handler().is_some());
    event_loop.clear_exception_handler();
    say!("handler", event_loop.get_exception_handler().is_some());
    Ok(())
}

async fn a_handler_that_fails_stops_nobody() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.set_exception_handler(|_, context| {
        say!("handler", context.message());
        fail("handler");
    });
    event_loop.call_exception_handler(ExceptionContext::new("one"));
    event_loop.call_exception_handler(ExceptionContext::new("two"));
    ticks(1).await;
    say!("end");
    Ok(())
}

async fn a_task_that_nobody_awaits_is_reported_once_it_is_forgotten() -> Result<()> {
    watched()?;
    let task = create_task(async { Err::<(), _>(Boom("lost")) });
    ticks(3).await;
    say!("still there", task.done());
    drop(task);
    say!("end");
    Ok(())
}

async fn a_failure_that_was_looked_at_is_not_lost() -> Result<()> {
    watched()?;
    let task = create_task(async { Err::<(), _>(Boom("seen")) });
    task.add_done_callback(|done| say!("callback", done.exception()));
    ticks(3).await;
    drop(task);
    say!("end");
    Ok(())
}

async fn a_cancelled_task_is_not_lost() -> Result<()> {
    watched()?;
    let task = create_task(sleep(HOUR));
    ticks(1).await;
    task.cancel();
    ticks(3).await;
    drop(task);
    say!("end");
    Ok(())
}

fn the_main_coroutine_fails_with_its_own_error(mode: Mode) -> Result<()> {
    let event_loop = mode.new_loop()?;
    event_loop.set_exception_handler(report);
    let ended = event_loop.run_until_complete(async { Err::<(), Error>(Boom("main").into()) });
    say!("ended with", ended);
    event_loop.close()
}
