//! Each scenario is run once for every tick that it takes, and cancelled at that tick: whatever the moment, locks are
//! free afterwards, counts are right, nobody waits, and those who were not cancelled come to their end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Barrier, Condition, Error, Event, Lock, PriorityQueue, Queue, Semaphore, Task};

use crate::support::quiet::{quiet, run, tick, ticks};

/// What is cancelled, and what must come to its end all the same.
struct Scenario {
    victim: Task<()>,
    others: Vec<Task<()>>,
    check: Box<dyn Fn(bool)>,
}

/// Runs it until the victim is done before it is cancelled; `check` is told whether it was cancelled.
#[track_caller]
fn at_every_tick(name: &str, start: fn() -> Scenario) {
    let mut moments = 0;
    for at in 0.. {
        let cancelled = run(async move {
            let Scenario { victim, others, check } = start();
            ticks(at).await;
            let cancelled = victim.cancel();
            let outcome = victim.await;
            assert_eq!(outcome.is_err(), cancelled, "at {at}: {outcome:?}");
            for other in others {
                asyncio::timeout(Duration::from_secs(5), other).await?;
            }
            quiet().await;
            check(cancelled);
            assert_eq!(asyncio::all_tasks()?.len(), 1, "a task is left, at {at}");
            Ok::<_, Error>(cancelled)
        });
        if !cancelled.unwrap_or_else(|error| panic!("{name}, cancelled at tick {at}: {error}")) {
            break;
        }
        moments += 1;
    }
    assert!(moments > 2, "{name} has {moments} moments only");
}

#[test]
fn a_holder_of_a_lock_among_others() {
    at_every_tick("a lock", || {
        let lock = Lock::new();
        let round = |lock: Lock| async move {
            for _ in 0..3 {
                let _held = lock.hold().await?;
                tick().await;
            }
            Ok::<_, Error>(())
        };
        let first = asyncio::create_task(round(lock.clone()));
        let victim = asyncio::create_task(round(lock.clone()));
        let third = asyncio::create_task(round(lock.clone()));
        let check = move |_| assert_eq!(format!("{lock:?}"), "<Lock unlocked, waiters: 0>");
        Scenario { victim, others: vec![first, third], check: Box::new(check) }
    });
}

#[test]
fn a_holder_of_units_among_others() {
    at_every_tick("a semaphore", || {
        let semaphore = Semaphore::new(2);
        let round = |semaphore: Semaphore| async move {
            for _ in 0..3 {
                let _held = semaphore.hold().await?;
                tick().await;
            }
            Ok::<_, Error>(())
        };
        let mut tasks: Vec<_> = (0..5).map(|_| asyncio::create_task(round(semaphore.clone()))).collect();
        let victim = tasks.remove(3);
        let check = move |_| assert_eq!(format!("{semaphore:?}"), "<Semaphore unlocked, value: 2, waiters: 0>");
        Scenario { victim, others: tasks, check: Box::new(check) }
    });
}

#[test]
fn a_consumer_behind_a_condition() {
    at_every_tick("a condition", || {
        let (condition, stock, eaten) = (Condition::new(), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let consume = |meals: usize| {
            let (condition, stock, eaten) = (condition.clone(), stock.clone(), eaten.clone());
            asyncio::create_task(async move {
                for _ in 0..meals {
                    let _held = condition.hold().await?;
                    condition.wait_for(|| stock.get() > 0).await?;
                    stock.set(stock.get() - 1);
                    eaten.set(eaten.get() + 1);
                    tick().await;
                }
                Ok::<_, Error>(())
            })
        };
        let victim = consume(3);
        let other = consume(3);
        let producer = {
            let (condition, stock) = (condition.clone(), stock.clone());
            asyncio::create_task(async move {
                for _ in 0..6 {
                    let _held = condition.hold().await?;
                    stock.set(stock.get() + 1);
                    condition.notify(1)?;
                    tick().await;
                }
                Ok::<_, Error>(())
            })
        };
        let check = move |_| {
            assert_eq!(format!("{condition:?}"), "<Condition unlocked, waiters: 0>");
            assert_eq!(stock.get() + eaten.get(), 6);
        };
        Scenario { victim, others: vec![other, producer], check: Box::new(check) }
    });
}

#[test]
fn a_waiter_for_an_event() {
    at_every_tick("an event", || {
        let event = Event::new();
        let waiting = |event: Event| {
            asyncio::create_task(async move {
                event.wait().await?;
                tick().await;
                event.wait().await
            })
        };
        let (victim, other) = (waiting(event.clone()), waiting(event.clone()));
        let setter = event.clone();
        let setter = asyncio::create_task(async move {
            ticks(2).await;
            setter.set();
        });
        let check = move |_| assert_eq!(format!("{event:?}"), "<Event set, waiters: 0>");
        Scenario { victim, others: vec![other, setter], check: Box::new(check) }
    });
}

#[test]
fn one_of_those_who_meet_at_a_barrier() {
    at_every_tick("a barrier", || {
        let barrier = Barrier::new(2).unwrap();
        let meet = |barrier: Barrier| {
            asyncio::create_task(async move {
                for _ in 0..3 {
                    barrier.wait().await?;
                    tick().await;
                }
                Ok::<_, Error>(())
            })
        };
        let (victim, other) = (meet(barrier.clone()), meet(barrier.clone()));
        // Whoever waits for the one that is gone is sent away in the end.
        let janitor = {
            let barrier = barrier.clone();
            asyncio::create_task(async move {
                ticks(20).await;
                barrier.reset();
            })
        };
        let other = asyncio::create_task(async move {
            match other.await {
                Err(Error::BrokenBarrierError) => Ok(()),
                outcome => outcome,
            }
        });
        let check = move |_| assert_eq!(format!("{barrier:?}"), "<Barrier filling, inside: 0/2>");
        Scenario { victim, others: vec![other, janitor], check: Box::new(check) }
    });
}

/// A producer and two consumers of a queue that holds one item; the second consumer takes what is left.
fn exchange(queue: &Queue<u32>, consumer_is_victim: bool) -> Scenario {
    let (put, got) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let producer = {
        let (queue, put) = (queue.clone(), put.clone());
        asyncio::create_task(async move {
            for item in 0..6 {
                queue.put(item).await?;
                put.set(put.get() + 1);
            }
            Ok::<_, Error>(())
        })
    };
    let consume = |count: usize| {
        let (queue, got) = (queue.clone(), got.clone());
        asyncio::create_task(async move {
            for _ in 0..count {
                match queue.get().await {
                    Ok(_) => got.set(got.get() + 1),
                    Err(Error::QueueShutDown) => break,
                    Err(error) => return Err(error),
                }
                queue.task_done()?;
                tick().await;
            }
            Ok::<_, Error>(())
        })
    };
    let (first, second) = (consume(2), consume(usize::MAX));
    let closing = {
        let queue = queue.clone();
        asyncio::create_task(async move {
            ticks(40).await;
            queue.join().await?;
            queue.shutdown(false);
            Ok::<_, Error>(())
        })
    };
    let (victim, other) = if consumer_is_victim { (first, producer) } else { (producer, first) };
    let queue = queue.clone();
    let check = move |cancelled: bool| {
        assert!(queue.empty());
        assert_eq!(put.get(), got.get(), "each item that was put was got");
        assert!(put.get() == 6 || (cancelled && !consumer_is_victim));
        let shown = format!("{queue:?}");
        assert!(shown.ends_with("unfinished: 0, getters: 0, putters: 0>"), "{shown}");
    };
    Scenario { victim, others: vec![other, second, closing], check: Box::new(check) }
}

#[test]
fn a_consumer_of_a_queue() {
    at_every_tick("a consumer", || exchange(&Queue::with_maxsize(1), true));
    at_every_tick("a consumer of priorities", || exchange(&PriorityQueue::with_maxsize(1), true));
}

#[test]
fn a_producer_of_a_queue() {
    at_every_tick("a producer", || exchange(&Queue::with_maxsize(1), false));
}
