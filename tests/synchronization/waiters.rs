//! The queue of waiters that stands under everything here: its order, its cost, and no lost wake-up, in many orders of
//! events.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use asyncio::{Error, Event, Lock, Semaphore, Task};
use pin_project_lite::pin_project;
use proptest::prelude::*;

use crate::support::quiet::{quiet, run, tick, ticks};

pin_project! {
    /// Counts its polls.
    struct Counted<F> {
        #[pin]
        future: F,
        polls: Rc<Cell<usize>>,
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.polls.set(this.polls.get() + 1);
        this.future.poll(cx)
    }
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_release_polls_one_of_ten_thousand() -> asyncio::Result<()> {
    let (lock, polls) = (Lock::new(), Rc::new(Cell::new(0)));
    lock.acquire().await?;
    let tasks: Vec<Task<()>> =
        (0..10_000).map(|_| asyncio::create_task(Counted { future: lock.acquire(), polls: polls.clone() })).collect();
    tick().await;
    assert_eq!(polls.replace(0), 10_000);
    lock.release()?;
    ticks(3).await;
    assert_eq!(polls.replace(0), 1);
    assert!(tasks[0].done());
    for task in &tasks[1..] {
        task.cancel();
    }
    tick().await;
    assert_eq!(format!("{lock:?}"), "<Lock locked, waiters: 0>");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn places_that_were_given_up_are_used_again_and_keep_the_order() -> asyncio::Result<()> {
    let (semaphore, order) = (Semaphore::new(0), Rc::new(RefCell::new(Vec::new())));
    let waiting = |name: usize| {
        let (semaphore, order) = (semaphore.clone(), order.clone());
        asyncio::create_task(async move {
            semaphore.acquire().await?;
            order.borrow_mut().push(name);
            Ok::<_, Error>(())
        })
    };
    let first: Vec<_> = (0..10).map(waiting).collect();
    tick().await;
    // From the middle, the end and the beginning.
    for name in [4, 9, 0, 5, 2] {
        first[name].cancel();
    }
    tick().await;
    let second: Vec<_> = (10..15).map(waiting).collect();
    tick().await;
    for _ in 0..10 {
        semaphore.release()?;
    }
    quiet().await;
    assert_eq!(*order.borrow(), [1, 3, 6, 7, 8, 10, 11, 12, 13, 14]);
    assert!(second.iter().all(|task| task.done()));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_waiter_that_moves_to_another_task_is_woken_there() -> asyncio::Result<()> {
    let event = Event::new();
    let mut wait = Box::pin(event.wait());
    assert!(futures_lite::future::poll_once(wait.as_mut()).await.is_none());
    let task = asyncio::create_task(wait);
    tick().await;
    event.set();
    task.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_waiter_under_somebody_elses_combinator_is_woken_by_its_waker() -> asyncio::Result<()> {
    let (one, other) = (Event::new(), Event::new());
    let task = {
        let (one, other) = (one.clone(), other.clone());
        asyncio::create_task(async move {
            let (first, second) = futures_lite::future::zip(one.wait(), other.wait()).await;
            first.and(second)
        })
    };
    tick().await;
    other.set();
    tick().await;
    assert!(!task.done());
    one.set();
    task.await
}

#[test]
fn a_loop_that_closes_with_waiters_leaves_the_lock_in_order() {
    let lock = Lock::new();
    let event_loop = asyncio::EventLoop::new().unwrap();
    // That a task is destroyed is what this test is about.
    event_loop.set_exception_handler(|_, _| {});
    let waiting = lock.clone();
    event_loop
        .run_until_complete(async move {
            waiting.acquire().await?;
            drop(asyncio::create_task(waiting.acquire()));
            drop(asyncio::create_task(waiting.acquire()));
            tick().await;
            waiting.release()
        })
        .unwrap();
    assert_eq!(format!("{lock:?}"), "<Lock locked, waiters: 1>", "the first one has it");
    lock.release().unwrap();
    assert_eq!(format!("{lock:?}"), "<Lock unlocked, waiters: 1>", "and the second was woken");
    event_loop.close().unwrap();
    assert_eq!(format!("{lock:?}"), "<Lock unlocked, waiters: 0>");
}

/// What can happen to a semaphore between two ticks.
#[derive(Clone, Copy, Debug)]
enum Step {
    Acquire,
    Release,
    /// Of any task that was started.
    Cancel(prop::sample::Index),
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Acquire),
        3 => Just(Step::Release),
        2 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        2 => Just(Step::Tick),
    ];
    prop::collection::vec(step, 1..60)
}

/// Runs the steps; the order in which tasks got a unit, what the semaphore shows, and the tasks that wait still.
async fn play(units: usize, steps: Vec<Step>) -> (Vec<usize>, usize, String, usize) {
    let (semaphore, order) = (Semaphore::new(units), Rc::new(RefCell::new(Vec::new())));
    let (mut tasks, mut released) = (Vec::<Task<()>>::new(), 0);
    for step in steps {
        match step {
            Step::Acquire => {
                let (semaphore, order, name) = (semaphore.clone(), order.clone(), tasks.len());
                tasks.push(asyncio::create_task(async move {
                    semaphore.acquire().await?;
                    order.borrow_mut().push(name);
                    Ok::<_, Error>(())
                }));
            }
            Step::Release => {
                semaphore.release().unwrap();
                released += 1;
            }
            Step::Cancel(index) if !tasks.is_empty() => {
                index.get(&tasks).cancel();
            }
            Step::Cancel(_) => {}
            Step::Tick => tick().await,
        }
    }
    quiet().await;
    let waiting = tasks.iter().filter(|task| !task.done()).count();
    let shown = format!("{semaphore:?}");
    for task in tasks {
        task.cancel();
        let _ = task.await;
    }
    let order = order.take();
    (order, units + released, shown, waiting)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn units_are_neither_lost_nor_made_and_go_in_order(units in 0..3_usize, steps in steps()) {
        let (order, available, shown, waiting) = run(play(units, steps));
        prop_assert!(order.is_sorted(), "out of order: {order:?}");
        let left = available - order.len();
        let state = if left == 0 || waiting > 0 { "locked" } else { "unlocked" };
        prop_assert_eq!(shown, format!("<Semaphore {state}, value: {left}, waiters: {waiting}>"));
        prop_assert!(waiting == 0 || left == 0, "{waiting} wait although {left} units are left");
    }
}
