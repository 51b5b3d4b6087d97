//! Locks and semaphores: who gets them, and what a cancel changes.

use asyncio::{
    Acquirable, BoundedSemaphore, Error, Guard, Lock, Result, Semaphore, Task, create_task, get_running_loop, wait,
    wait_for,
};

use crate::harness::program::{Program, now, program, seconds, ticks};
use crate::harness::trace::{Boom, List, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_lock_goes_from_one_to_the_next),
    program!(a_free_lock_is_taken_without_a_tick),
    program!(who_comes_between_release_and_wake_up_queues_behind),
    program!(a_lock_that_nobody_holds_is_not_released),
    program!(a_cancelled_waiter_is_passed_over),
    program!(a_waiter_that_is_cancelled_after_its_wake_up_passes_the_lock_on),
    program!(a_waiter_that_is_cancelled_before_the_release_passes_the_lock_on),
    program!(a_failure_inside_releases_the_lock),
    program!(a_deadline_while_waiting_for_a_lock),
    program!(a_semaphore_lets_some_in_at_a_time),
    program!(a_semaphore_is_fair_to_those_who_wait),
    program!(releases_of_a_semaphore_wake_as_many),
    program!(a_cancelled_waiter_of_a_semaphore_hands_on_its_unit),
    program!(a_bounded_semaphore_is_not_released_too_often),
];

/// A task that takes a lock, keeps it for some ticks, and gives it back.
fn holder<L: Acquirable>(
    name: &'static str,
    hold: impl Future<Output = Result<Guard<L>>> + 'static,
    count: usize,
) -> Task<()> {
    create_task(async move {
        say!(name, "asks");
        let guard = hold.await?;
        say!(name, "has it");
        ticks(count).await;
        drop(guard);
        say!(name, "is through");
        Ok::<_, Error>(())
    })
}

async fn a_lock_goes_from_one_to_the_next() -> Result<()> {
    let lock = Lock::new();
    let tasks = ["a", "b", "c"].map(|name| holder(name, lock.hold(), 2));
    ticks(1).await;
    say!("locked", lock.locked());
    wait(tasks).await?;
    say!("locked", lock.locked());
    Ok(())
}

async fn a_free_lock_is_taken_without_a_tick() -> Result<()> {
    let lock = Lock::new();
    get_running_loop()?.call_soon(|| say!("a tick later"))?;
    lock.acquire().await?;
    lock.release()?;
    lock.acquire().await?;
    say!("taken", lock.locked());
    ticks(1).await;
    Ok(())
}

async fn who_comes_between_release_and_wake_up_queues_behind() -> Result<()> {
    let lock = Lock::new();
    lock.acquire().await?;
    holder("first", lock.hold(), 1).detach();
    ticks(1).await;
    lock.release()?;
    say!("locked", lock.locked());
    let late = holder("late", lock.hold(), 1);
    lock.acquire().await?;
    say!("main has it");
    lock.release()?;
    late.await
}

async fn a_lock_that_nobody_holds_is_not_released() -> Result<()> {
    let lock = Lock::new();
    say!(lock.release());
    lock.acquire().await?;
    lock.release()?;
    say!(lock.release());
    Ok(())
}

async fn two_waiters(lock: &Lock) -> Result<(Task<()>, Task<()>)> {
    lock.acquire().await?;
    let waiters = (holder("first", lock.hold(), 0), holder("second", lock.hold(), 0));
    ticks(1).await;
    Ok(waiters)
}

async fn a_cancelled_waiter_is_passed_over() -> Result<()> {
    let lock = Lock::new();
    let (first, second) = two_waiters(&lock).await?;
    first.cancel_with("why");
    ticks(1).await;
    lock.release()?;
    say!(first.await);
    second.await?;
    say!("locked", lock.locked());
    Ok(())
}

async fn a_waiter_that_is_cancelled_after_its_wake_up_passes_the_lock_on() -> Result<()> {
    let lock = Lock::new();
    let (first, second) = two_waiters(&lock).await?;
    lock.release()?;
    first.cancel();
    say!(first.await);
    second.await?;
    say!("locked", lock.locked());
    Ok(())
}

async fn a_waiter_that_is_cancelled_before_the_release_passes_the_lock_on() -> Result<()> {
    let lock = Lock::new();
    let (first, second) = two_waiters(&lock).await?;
    first.cancel();
    lock.release()?;
    say!(first.await);
    second.await?;
    say!("locked", lock.locked());
    Ok(())
}

async fn a_failure_inside_releases_the_lock() -> Result<()> {
    let lock = Lock::new();
    let fails = async {
        let _guard = lock.hold().await?;
        Err::<(), Error>(Boom("inside").into())
    };
    say!(fails.await);
    say!("locked", lock.locked());
    Ok(())
}

async fn a_deadline_while_waiting_for_a_lock() -> Result<()> {
    let lock = Lock::new();
    lock.acquire().await?;
    say!(wait_for(lock.acquire(), seconds(1)).await, now());
    lock.release()?;
    say!("locked", lock.locked());
    Ok(())
}

async fn a_semaphore_lets_some_in_at_a_time() -> Result<()> {
    let semaphore = Semaphore::new(2);
    let tasks = ["a", "b", "c", "d", "e"].map(|name| holder(name, semaphore.hold(), 2));
    ticks(1).await;
    say!("locked", semaphore.locked());
    wait(tasks).await?;
    say!("locked", semaphore.locked());
    Ok(())
}

async fn a_semaphore_is_fair_to_those_who_wait() -> Result<()> {
    let semaphore = Semaphore::new(1);
    semaphore.acquire().await?;
    holder("first", semaphore.hold(), 1).detach();
    ticks(1).await;
    semaphore.release()?;
    say!("locked", semaphore.locked());
    semaphore.acquire().await?;
    say!("main has it");
    semaphore.release()?;
    ticks(3).await;
    Ok(())
}

async fn releases_of_a_semaphore_wake_as_many() -> Result<()> {
    let semaphore = Semaphore::new(0);
    for name in ["a", "b", "c"] {
        holder(name, semaphore.hold(), 5).detach();
    }
    ticks(1).await;
    semaphore.release()?;
    semaphore.release()?;
    ticks(1).await;
    say!("released two");
    ticks(2).await;
    semaphore.release()?;
    ticks(8).await;
    say!("locked", semaphore.locked());
    Ok(())
}

async fn a_cancelled_waiter_of_a_semaphore_hands_on_its_unit() -> Result<()> {
    let semaphore = Semaphore::new(0);
    let tasks = ["a", "b", "c"].map(|name| holder(name, semaphore.hold(), 0));
    ticks(1).await;
    semaphore.release()?;
    tasks[0].cancel_with("why");
    say!((&tasks[0]).await);
    ticks(2).await;
    tasks[2].cancel();
    ticks(2).await;
    say!(List(tasks.iter().map(|task| task.done())), semaphore.locked());
    Ok(())
}

async fn a_bounded_semaphore_is_not_released_too_often() -> Result<()> {
    let semaphore = BoundedSemaphore::new(1);
    say!(semaphore.release());
    semaphore.acquire().await?;
    semaphore.release()?;
    say!(semaphore.release());
    say!("locked", semaphore.locked());
    Ok(())
}
