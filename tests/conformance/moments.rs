//! A cancel in each of three moments: before the first step, while it waits, and in the tick in which what it waits for
//! comes.

use std::pin::Pin;

use asyncio::{Error, Event, Future, Lock, Queue, Result, Semaphore, StreamReader, create_task, shield, timeout, wait};

use crate::harness::program::{Program, program, seconds, ticks};
use crate::harness::trace::{Show, note, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(waiting_for_a_future),
    program!(waiting_for_a_task),
    program!(waiting_behind_a_shield),
    program!(waiting_for_an_event),
    program!(waiting_for_a_lock),
    program!(waiting_for_a_semaphore),
    program!(waiting_for_an_item),
    program!(waiting_for_room),
    program!(waiting_for_a_queue_to_be_done),
    program!(waiting_by_wait),
    program!(waiting_under_a_deadline),
    program!(waiting_for_bytes),
];

/// A coroutine, what completes it, and what is to be said afterwards.
struct Case {
    coroutine: Pin<Box<dyn std::future::Future<Output = Result<String>>>>,
    complete: Box<dyn FnOnce() -> Result<()>>,
    state: Box<dyn Fn() -> String>,
}

impl Case {
    fn new<T: Show>(
        coroutine: impl std::future::Future<Output = Result<T>> + 'static,
        complete: impl FnOnce() -> Result<()> + 'static,
        state: impl Fn() -> String + 'static,
    ) -> Self {
        let coroutine = async move { coroutine.await.map(|value| value.show()) };
        Self { coroutine: Box::pin(coroutine), complete: Box::new(complete), state: Box::new(state) }
    }
}

async fn at_each_moment(make: impl AsyncFn() -> Result<Case>) -> Result<()> {
    for moment in ["before", "waiting", "completed"] {
        let Case { coroutine, complete, state } = make().await?;
        let task = create_task(coroutine);
        if moment != "before" {
            ticks(3).await;
        }
        if moment == "completed" {
            complete()?;
        }
        say!(moment, "cancel", task.cancel_with("why"));
        say!((&task).await, task.cancelled(), task.cancelling());
        ticks(3).await;
        note(state());
    }
    Ok(())
}

fn state_of<T: 'static>(future: &Future<T>) -> String {
    format!("{} {}", future.done(), future.cancelled())
}

async fn waiting_for_a_future() -> Result<()> {
    at_each_moment(async || {
        let future = Future::new()?;
        let (set, seen) = (future.clone(), future.clone());
        Ok(Case::new(future.into_future(), move || set.set_result("result"), move || state_of(&seen)))
    })
    .await
}

async fn waiting_for_a_task() -> Result<()> {
    at_each_moment(async || {
        let future = Future::new()?;
        let inner = create_task(future.clone().into_future());
        let seen = inner.as_any();
        let state = move || format!("{} {}", seen.done(), seen.cancelled());
        Ok(Case::new(inner.into_future(), move || future.set_result("result"), state))
    })
    .await
}

async fn waiting_behind_a_shield() -> Result<()> {
    at_each_moment(async || {
        let future = Future::new()?;
        let inner = create_task(future.clone().into_future());
        let seen = inner.as_any();
        let state = move || format!("{} {}", seen.done(), seen.cancelled());
        Ok(Case::new(async move { shield(inner).await }, move || future.set_result("result"), state))
    })
    .await
}

async fn waiting_for_an_event() -> Result<()> {
    at_each_moment(async || {
        let event = Event::new();
        let (set, seen) = (event.clone(), event.clone());
        let complete = move || {
            set.set();
            Ok(())
        };
        Ok(Case::new(async move { event.wait().await }, complete, move || seen.is_set().to_string()))
    })
    .await
}

async fn waiting_for_a_lock() -> Result<()> {
    at_each_moment(async || {
        let lock = Lock::new();
        lock.acquire().await?;
        let (released, seen) = (lock.clone(), lock.clone());
        let wait = async move {
            let _guard = lock.hold().await?;
            Ok("had it")
        };
        Ok(Case::new(wait, move || released.release(), move || seen.locked().to_string()))
    })
    .await
}

async fn waiting_for_a_semaphore() -> Result<()> {
    at_each_moment(async || {
        let semaphore = Semaphore::new(0);
        let (released, seen) = (semaphore.clone(), semaphore.clone());
        let wait = async move {
            let _guard = semaphore.hold().await?;
            Ok("had it")
        };
        Ok(Case::new(wait, move || released.release(), move || seen.locked().to_string()))
    })
    .await
}

async fn waiting_for_an_item() -> Result<()> {
    at_each_moment(async || {
        let queue = Queue::new();
        let (put, seen) = (queue.clone(), queue.clone());
        let complete = move || put.put_nowait("item").map_err(Error::from);
        Ok(Case::new(async move { queue.get().await }, complete, move || seen.qsize().to_string()))
    })
    .await
}

async fn waiting_for_room() -> Result<()> {
    at_each_moment(async || {
        let queue = Queue::with_maxsize(1);
        queue.put_nowait("first")?;
        let (got, seen) = (queue.clone(), queue.clone());
        let wait = async move { Ok(queue.put("second").await?) };
        Ok(Case::new(wait, move || got.get_nowait().map(drop), move || seen.qsize().to_string()))
    })
    .await
}

async fn waiting_for_a_queue_to_be_done() -> Result<()> {
    at_each_moment(async || {
        let queue = Queue::new();
        queue.put_nowait("item")?;
        let (done, seen) = (queue.clone(), queue.clone());
        let wait = async move { queue.join().await };
        Ok(Case::new(wait, move || done.task_done(), move || seen.qsize().to_string()))
    })
    .await
}

async fn waiting_by_wait() -> Result<()> {
    at_each_moment(async || {
        let future = Future::new()?;
        let (set, seen) = (future.clone(), future.clone());
        let wait = async move { wait([future]).await.map(drop) };
        Ok(Case::new(wait, move || set.set_result("result"), move || state_of(&seen)))
    })
    .await
}

async fn waiting_under_a_deadline() -> Result<()> {
    at_each_moment(async || {
        let future = Future::new()?;
        let (set, seen) = (future.clone(), future.clone());
        let wait = async move { timeout(seconds(100), future).await };
        Ok(Case::new(wait, move || set.set_result("result"), move || state_of(&seen)))
    })
    .await
}

async fn waiting_for_bytes() -> Result<()> {
    at_each_moment(async || {
        let mut reader = StreamReader::new();
        let feeder = reader.feeder();
        let wait = async move { reader.readline().await };
        Ok(Case::new(wait, move || feeder.feed_data(b"line\n"), || "false".to_owned()))
    })
    .await
}
