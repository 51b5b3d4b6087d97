//! Events, conditions and barriers: tasks that wait for each other.

use std::cell::Cell;
use std::rc::Rc;

use asyncio::{Barrier, Condition, Error, Event, Lock, Result, Task, create_task, wait};

use crate::harness::program::{Program, now, program, ticks};
use crate::harness::trace::{List, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(an_event_wakes_all_who_wait_in_their_order),
    program!(an_event_that_is_cleared_at_once_still_wakes_those_who_wait),
    program!(a_cancelled_waiter_of_an_event_is_forgotten),
    program!(notify_wakes_as_many_as_it_says),
    program!(a_condition_is_used_with_its_lock),
    program!(a_condition_waits_for_what_is_asked),
    program!(a_cancelled_waiter_of_a_condition_has_the_lock_again),
    program!(a_notified_waiter_that_is_cancelled_passes_it_on).since(13),
    program!(several_conditions_share_a_lock),
    program!(a_barrier_lets_all_go_when_the_last_one_comes),
    program!(everybody_at_a_barrier_gets_another_number),
    program!(a_barrier_is_reset_under_those_who_wait),
    program!(a_barrier_that_is_broken_stays_so_until_it_is_reset),
    program!(a_cancelled_waiter_leaves_the_barrier_whole),
    program!(a_barrier_of_nobody_is_an_error),
];

async fn an_event_wakes_all_who_wait_in_their_order() -> Result<()> {
    async fn waiter(name: &'static str, event: Event) -> Result<()> {
        say!(name, "waits");
        event.wait().await?;
        say!(name, "goes on");
        Ok(())
    }
    let event = Event::new();
    let tasks = ["a", "b", "c"].map(|name| create_task(waiter(name, event.clone())));
    ticks(1).await;
    say!("set", event.is_set());
    event.set();
    event.set();
    say!("set", event.is_set());
    wait(tasks).await?;
    waiter("late", event).await
}

async fn an_event_that_is_cleared_at_once_still_wakes_those_who_wait() -> Result<()> {
    async fn waiter(name: &'static str, event: Event) -> Result<()> {
        event.wait().await?;
        say!(name, "goes on", event.is_set());
        Ok(())
    }
    let event = Event::new();
    let first = create_task(waiter("first", event.clone()));
    ticks(1).await;
    event.set();
    event.clear();
    let second = create_task(waiter("second", event.clone()));
    ticks(3).await;
    say!(first.done(), second.done());
    event.set();
    second.await
}

async fn a_cancelled_waiter_of_an_event_is_forgotten() -> Result<()> {
    let event = Event::new();
    let task = create_task(event.wait());
    ticks(1).await;
    task.cancel_with("why");
    say!(task.await);
    event.set();
    say!(event.is_set());
    Ok(())
}

async fn consumer(name: &'static str, condition: Condition) -> Result<()> {
    let _guard = condition.hold().await?;
    say!(name, "waits");
    condition.wait().await?;
    say!(name, "woke up", condition.locked());
    Ok(())
}

fn done<T: 'static>(tasks: &[Task<T>]) -> List<Vec<bool>> {
    List(tasks.iter().map(|task| task.done()).collect())
}

async fn notify_wakes_as_many_as_it_says() -> Result<()> {
    let condition = Condition::new();
    let tasks = ["a", "b", "c", "d", "e"].map(|name| create_task(consumer(name, condition.clone())));
    ticks(2).await;
    let guard = condition.hold().await?;
    condition.notify(2)?;
    say!("notified two");
    drop(guard);
    ticks(6).await;
    say!(done(&tasks));
    let guard = condition.hold().await?;
    condition.notify(1)?;
    drop(guard);
    ticks(6).await;
    say!(done(&tasks));
    let guard = condition.hold().await?;
    condition.notify_all()?;
    drop(guard);
    wait(tasks).await?;
    Ok(())
}

async fn a_condition_is_used_with_its_lock() -> Result<()> {
    let condition = Condition::new();
    say!(condition.notify(1), condition.notify_all());
    say!(condition.wait().await);
    say!(condition.release());
    Ok(())
}

async fn a_condition_waits_for_what_is_asked() -> Result<()> {
    let condition = Condition::new();
    let value = Rc::new(Cell::new(0));
    let (inner, seen) = (condition.clone(), value.clone());
    let task = create_task(async move {
        let _guard = inner.hold().await?;
        let enough = move || {
            say!("asked at", seen.get());
            (seen.get() >= 2).then_some(true)
        };
        say!("got", inner.wait_for(enough).await);
        Ok::<_, Error>(())
    });
    ticks(1).await;
    for _ in 0..3 {
        let guard = condition.hold().await?;
        value.set(value.get() + 1);
        condition.notify_all()?;
        drop(guard);
        ticks(3).await;
    }
    task.await
}

async fn a_cancelled_waiter_of_a_condition_has_the_lock_again() -> Result<()> {
    #[asyncio::coroutine]
    async fn waiter(condition: Condition) -> Result<()> {
        let _guard = condition.hold().await?;
        asyncio::finally! { say!("locked", condition.locked()); }
        condition.wait().await
    }
    let condition = Condition::new();
    let task = create_task(waiter(condition.clone()));
    ticks(1).await;
    condition.acquire().await?;
    task.cancel_with("why");
    ticks(3).await;
    say!(task.done());
    condition.release()?;
    say!(task.await);
    say!("locked", condition.locked());
    Ok(())
}

async fn a_notified_waiter_that_is_cancelled_passes_it_on() -> Result<()> {
    let condition = Condition::new();
    let [first, second] = ["first", "second"].map(|name| create_task(consumer(name, condition.clone())));
    ticks(2).await;
    let guard = condition.hold().await?;
    condition.notify(1)?;
    drop(guard);
    first.cancel();
    say!(first.await);
    ticks(4).await;
    say!(second.done());
    Ok(())
}

async fn several_conditions_share_a_lock() -> Result<()> {
    let lock = Lock::new();
    let (full, empty) = (Condition::with_lock(&lock), Condition::with_lock(&lock));
    let guard = full.hold().await?;
    say!(full.locked(), empty.locked(), lock.locked());
    empty.notify_all()?;
    drop(guard);
    say!(full.locked(), empty.locked(), lock.locked());
    Ok(())
}

async fn a_barrier_lets_all_go_when_the_last_one_comes() -> Result<()> {
    let barrier = Barrier::new(3)?;
    for name in ["a", "b", "c"] {
        let barrier = barrier.clone();
        let waiter = async move {
            say!(name, "comes", barrier.n_waiting());
            barrier.wait().await?;
            say!(name, "goes");
            Ok::<_, Error>(())
        };
        create_task(waiter).detach();
    }
    ticks(8).await;
    say!(barrier.n_waiting(), barrier.broken(), barrier.parties());
    Ok(())
}

async fn everybody_at_a_barrier_gets_another_number() -> Result<()> {
    let barrier = Barrier::new(3)?;
    let tasks: [_; 3] = std::array::from_fn(|_| create_task(barrier.wait()));
    wait(&tasks).await?;
    let mut numbers = tasks.map(|task| task.into_result().unwrap());
    numbers.sort_unstable();
    say!(List(numbers));
    Ok(())
}

async fn a_barrier_is_reset_under_those_who_wait() -> Result<()> {
    let barrier = Barrier::new(3)?;
    let tasks: [_; 2] = std::array::from_fn(|_| create_task(barrier.wait()));
    ticks(2).await;
    barrier.reset();
    for task in tasks {
        say!(task.await);
    }
    say!(barrier.n_waiting(), barrier.broken());
    Ok(())
}

async fn a_barrier_that_is_broken_stays_so_until_it_is_reset() -> Result<()> {
    let barrier = Barrier::new(2)?;
    let task = create_task(barrier.wait());
    ticks(2).await;
    barrier.abort();
    say!(task.await, barrier.broken());
    say!(barrier.wait().await);
    barrier.reset();
    say!(barrier.broken());
    Ok(())
}

async fn a_cancelled_waiter_leaves_the_barrier_whole() -> Result<()> {
    let barrier = Barrier::new(2)?;
    let task = create_task(barrier.wait());
    ticks(2).await;
    task.cancel_with("why");
    say!(task.await, barrier.n_waiting(), barrier.broken());
    let tasks: [_; 2] = std::array::from_fn(|_| create_task(barrier.wait()));
    wait(tasks).await?;
    say!("through", now());
    Ok(())
}

async fn a_barrier_of_nobody_is_an_error() -> Result<()> {
    say!(Barrier::new(0).map(drop));
    Ok(())
}
