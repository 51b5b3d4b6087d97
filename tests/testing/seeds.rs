//! Random orders by seed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{EventLoop, create_task, sleep};

use crate::support::net::running;

/// The order in which ten tasks run that are started at once, three times over.
fn order_of(seed: Option<u64>) -> Vec<u32> {
    let builder = EventLoop::builder();
    let event_loop = match seed {
        Some(seed) => builder.seed(seed).build().unwrap(),
        None => builder.build().unwrap(),
    };
    let order = Rc::new(RefCell::new(Vec::new()));
    for n in 0..10 {
        let order = order.clone();
        let task = event_loop.create_task(async move {
            for _ in 0..3 {
                order.borrow_mut().push(n);
                sleep(Duration::ZERO).await;
            }
        });
        drop(task.unwrap());
    }
    event_loop.run_until_complete(sleep(Duration::from_millis(1))).unwrap();
    event_loop.close().unwrap();
    Rc::try_unwrap(order).unwrap().into_inner()
}

#[test]
fn without_a_seed_tasks_run_in_the_order_in_which_they_were_made() {
    let plain: Vec<u32> = (0..3).flat_map(|_| 0..10).collect();
    assert_eq!(order_of(None), plain);
}

#[test]
fn a_seed_gives_one_order_and_another_seed_another() {
    let orders: Vec<_> = (0..20).map(|seed| order_of(Some(seed))).collect();
    assert_eq!(orders[7], order_of(Some(7)), "and it can be had again");
    let different: std::collections::HashSet<_> = orders.iter().collect();
    assert!(different.len() > 15, "only {} orders", different.len());
    for order in &orders {
        for round in order.chunks(10) {
            let mut round = round.to_vec();
            round.sort_unstable();
            assert_eq!(round, (0..10).collect::<Vec<_>>(), "every task has its turn in every batch");
        }
    }
}

#[test]
fn callbacks_keep_their_order_whatever_the_seed() {
    for seed in 0..20 {
        let event_loop = EventLoop::builder().seed(seed).build().unwrap();
        let order = Rc::new(RefCell::new(Vec::new()));
        for n in 0..10 {
            let order = order.clone();
            drop(event_loop.create_task(async {}).unwrap());
            event_loop.call_soon(move || order.borrow_mut().push(n)).unwrap();
        }
        event_loop.run_until_complete(sleep(Duration::ZERO)).unwrap();
        event_loop.close().unwrap();
        assert_eq!(*order.borrow(), (0..10).collect::<Vec<_>>());
    }
}

thread_local! {
    static RUNS: Cell<u32> = const { Cell::new(0) };
}

#[asyncio::test(virtual_time, seeds = 25)]
async fn a_test_with_seeds_runs_once_for_each() {
    RUNS.set(RUNS.get() + 1);
    sleep(Duration::from_secs(1)).await;
    assert!(running().time() > Duration::ZERO);
}

#[test]
fn so_many_times_indeed() {
    a_test_with_seeds_runs_once_for_each();
    assert_eq!(RUNS.get(), 25);
}

#[asyncio::test(seed = 3, seeds = 50)]
#[should_panic = "a race was lost"]
async fn a_race_that_only_some_orders_lose_is_found() {
    let first = Rc::new(Cell::new(None));
    let tasks = [0, 1].map(|n| {
        let first = first.clone();
        create_task(async move { first.set(first.get().or(Some(n))) })
    });
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(first.get(), Some(0), "a race was lost");
}

#[asyncio::test(seeds = 3)]
#[should_panic = "returned an error"]
async fn an_error_fails_it_too() -> asyncio::Result<()> {
    Err(asyncio::Error::value_error("no"))
}

#[asyncio::test(seed = 40, seeds = 3)]
async fn a_test_can_ask_for_its_seed() {
    let seed = asyncio::testing::seed().expect("it has one");
    assert!((40..43).contains(&seed), "{seed}");
}
