//! The other orders, and an order of one's own.

use std::cmp::Reverse;

use asyncio::{LifoQueue, PriorityQueue, Queue, QueueStorage};

use crate::support::quiet::tick;

/// What was put, as it comes out.
async fn through(queue: &Queue<i32>, items: &[i32]) -> asyncio::Result<Vec<i32>> {
    for item in items {
        queue.put(*item).await?;
    }
    let mut got = Vec::new();
    while !queue.empty() {
        got.push(queue.get().await?);
    }
    Ok(got)
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn the_newest_first() -> asyncio::Result<()> {
    // CPython: test_queues.LifoQueueTests.test_order
    assert_eq!(through(&LifoQueue::new(), &[1, 3, 2]).await?, [2, 3, 1]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn the_lowest_first() -> asyncio::Result<()> {
    // CPython: test_queues.PriorityQueueTests.test_order
    assert_eq!(through(&PriorityQueue::new(), &[1, 3, 2]).await?, [1, 2, 3]);
    let highest = PriorityQueue::default();
    for item in [1, 3, 2] {
        highest.put_nowait(Reverse(item))?;
    }
    assert_eq!(highest.get_nowait()?.0, 3);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn each_is_a_queue_with_a_limit_and_those_who_wait() -> asyncio::Result<()> {
    let lifo = LifoQueue::with_maxsize(1);
    let priority = PriorityQueue::with_maxsize(1);
    for queue in [Queue::from(lifo.clone()), Queue::from(priority.clone())] {
        queue.put_nowait(2)?;
        assert!(queue.full());
        let putter = asyncio::create_task(queue.put(1));
        tick().await;
        assert_eq!(queue.get().await?, 2);
        putter.await?;
    }
    assert_eq!((lifo.get_nowait()?, priority.get_nowait()?), (1, 1));
    Ok(())
}

/// The longest word first.
#[derive(Default)]
struct Longest(Vec<&'static str>);

impl QueueStorage<&'static str> for Longest {
    fn put(&mut self, item: &'static str) {
        self.0.push(item);
        self.0.sort_by_key(|word| word.len());
    }

    fn get(&mut self) -> Option<&'static str> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn an_order_of_ones_own() -> asyncio::Result<()> {
    // CPython: the hooks _init, _put, _get, which no test of it overrides
    let queue = Queue::with_storage(3, Longest::default());
    for word in ["a", "ccc", "bb"] {
        queue.put(word).await?;
    }
    assert!(queue.full());
    assert_eq!((queue.get().await?, queue.get().await?, queue.get().await?), ("ccc", "bb", "a"));
    assert!(Longest::default().is_empty());
    Ok(())
}
