//! Threads: what they run, what comes back, and in which order.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use asyncio::{
    ConcurrentFuture, ContextVar, Error, Future, Result, ThreadPoolExecutor, create_task, gather, get_running_loop,
    run_coroutine_threadsafe, to_thread, wrap_future,
};

use crate::harness::program::{Program, program, ticks};
use crate::harness::trace::{Boom, List, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_function_in_a_thread_gives_its_result_or_its_failure),
    program!(a_function_in_a_thread_runs_in_another_thread_and_the_loop_goes_on),
    program!(to_thread_takes_the_context_along),
    program!(a_pool_of_one_thread_runs_one_after_the_other),
    program!(a_function_that_waits_for_a_thread_can_be_cancelled),
    program!(calls_from_a_thread_run_in_their_order),
    program!(a_coroutine_of_a_thread_runs_on_the_loop),
    program!(a_concurrent_future_becomes_one_of_the_loop),
    program!(a_cancel_of_either_future_is_one_of_both),
    program!(no_thread_begins_after_the_shutdown),
];

fn succeed() -> Result<&'static str> {
    Ok("result")
}

fn fail() -> Result<(), Boom> {
    Err(Boom("failed"))
}

/// Ends the threads.
async fn through() -> Result<()> {
    get_running_loop()?.shutdown_default_executor(None).await
}

async fn a_function_in_a_thread_gives_its_result_or_its_failure() -> Result<()> {
    let event_loop = get_running_loop()?;
    say!(event_loop.run_in_executor(None, succeed)?.await);
    say!(event_loop.run_in_executor(None, fail)?.await);
    say!(to_thread(succeed).await);
    say!(to_thread(fail).await);
    through().await
}

async fn a_function_in_a_thread_runs_in_another_thread_and_the_loop_goes_on() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (gate, opened) = mpsc::channel();
    let task = create_task(to_thread(move || opened.recv().map_err(Error::other)));
    ticks(3).await;
    say!("the loop goes on", task.done());
    gate.send(true).map_err(Error::other)?;
    say!(task.await);
    let here = thread::current().id();
    say!(event_loop.run_in_executor(None, move || Ok::<_, Error>(thread::current().id() == here))?.await);
    through().await
}

static VARIABLE: ContextVar<&str> = ContextVar::with_default("variable", || "default");

async fn to_thread_takes_the_context_along() -> Result<()> {
    VARIABLE.set("here");
    let change = || {
        let found = VARIABLE.get();
        VARIABLE.set("there");
        Ok::<_, Error>(found)
    };
    say!(to_thread(change).await, VARIABLE.get());
    through().await
}

async fn a_pool_of_one_thread_runs_one_after_the_other() -> Result<()> {
    let event_loop = get_running_loop()?;
    let order = Arc::new(Mutex::new(Vec::new()));
    let pool = ThreadPoolExecutor::builder().max_workers(1).build()?;
    let jobs = (0..5).map(|number: u32| {
        let order = order.clone();
        event_loop.run_in_executor(Some(&pool), move || order.lock().unwrap().push(number))
    });
    gather(jobs.collect::<Result<Vec<_>>>()?).await?;
    pool.shutdown()?;
    say!(List(order.lock().unwrap().clone()));
    Ok(())
}

async fn a_function_that_waits_for_a_thread_can_be_cancelled() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (gate, opened) = mpsc::channel::<()>();
    let pool = ThreadPoolExecutor::builder().max_workers(1).build()?;
    let first = event_loop.run_in_executor(Some(&pool), move || opened.recv().map_err(Error::other))?;
    let second = event_loop.run_in_executor(Some(&pool), fail)?;
    say!("cancel", second.cancel());
    say!(second.await);
    gate.send(()).map_err(Error::other)?;
    first.await?;
    pool.shutdown()?;
    say!("end");
    Ok(())
}

async fn calls_from_a_thread_run_in_their_order() -> Result<()> {
    let handle = get_running_loop()?.handle();
    let done = ConcurrentFuture::new();
    let told = done.clone();
    let calls = thread::spawn(move || {
        for number in 0..3 {
            handle.call_soon_threadsafe(move || say!("call", number)).unwrap();
        }
        told.set_result("done").unwrap();
    });
    say!(wrap_future(done)?.await);
    calls.join().expect("it does not panic");
    Ok(())
}

async fn a_coroutine_of_a_thread_runs_on_the_loop() -> Result<()> {
    async fn answer(here: thread::ThreadId, outcome: Result<(), Boom>) -> Result<bool, Boom> {
        ticks(1).await;
        outcome.map(|()| thread::current().id() == here)
    }
    let handle = get_running_loop()?.handle();
    let here = thread::current().id();
    for outcome in [Ok(()), Err(Boom("failed"))] {
        let handle = handle.clone();
        let asks = move || run_coroutine_threadsafe(async move || answer(here, outcome).await, &handle)?.result(None);
        say!(to_thread(asks).await);
    }
    through().await
}

async fn a_concurrent_future_becomes_one_of_the_loop() -> Result<()> {
    let concurrent = ConcurrentFuture::new();
    let future: Future<&str> = wrap_future(concurrent.clone())?;
    let setter = thread::spawn(move || concurrent.set_result("result"));
    say!(future.await);
    setter.join().expect("it does not panic")?;
    let failing = ConcurrentFuture::<()>::new();
    failing.set_exception(Boom("failed"))?;
    say!(wrap_future(failing)?.await);
    Ok(())
}

async fn a_cancel_of_either_future_is_one_of_both() -> Result<()> {
    let (first, second) = (ConcurrentFuture::<()>::new(), ConcurrentFuture::<()>::new());
    wrap_future(first.clone())?.cancel();
    ticks(2).await;
    say!(first.cancelled());
    let wrapped = wrap_future(second.clone())?;
    second.cancel();
    say!(wrapped.await);
    Ok(())
}

async fn no_thread_begins_after_the_shutdown() -> Result<()> {
    let event_loop = get_running_loop()?;
    say!(event_loop.run_in_executor(None, || Ok::<_, Error>("before"))?.await);
    through().await?;
    say!(event_loop.run_in_executor(None, succeed).map(drop));
    Ok(())
}
