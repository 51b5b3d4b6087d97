//! `shutdown`, of all three queues.

use std::rc::Rc;

use asyncio::{Error, LifoQueue, PriorityQueue, Queue, Result, Task};

use crate::support::quiet::tick;

fn kinds(maxsize: usize) -> [Queue<&'static str>; 3] {
    [Queue::with_maxsize(maxsize), LifoQueue::with_maxsize(maxsize).into(), PriorityQueue::with_maxsize(maxsize).into()]
}

fn is_shut<T, E: Into<Error>>(outcome: std::result::Result<T, E>) -> bool {
    matches!(outcome.map_err(Into::into), Err(Error::QueueShutDown))
}

/// Nothing goes in, and nothing comes out any more.
async fn refuses_everything(queue: &Queue<&'static str>) {
    assert!(is_shut(queue.put("data").await));
    assert!(is_shut(queue.put_nowait("data")));
    assert!(is_shut(queue.get().await));
    assert!(is_shut(queue.get_nowait()));
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn an_empty_one_sends_those_who_wait_away() -> Result<()> {
    // CPython: test_queues._QueueShutdownTestMixin.test_shutdown_empty, test_format
    for queue in kinds(0) {
        let getters: [Task<_>; 2] = [(), ()].map(|()| asyncio::create_task(queue.get()));
        tick().await;
        queue.shutdown(false);
        assert!(format!("{queue:?}").starts_with("<Queue shutdown maxsize=0"));
        queue.join().await?;
        for getter in getters {
            assert!(is_shut(getter.await));
        }
        refuses_everything(&queue).await;
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn one_with_items_gives_them_out_first() -> Result<()> {
    // CPython: test_queues._QueueShutdownTestMixin.test_shutdown_nonempty
    for queue in kinds(1) {
        queue.put_nowait("data")?;
        let join = asyncio::create_task(queue.join());
        let put = asyncio::create_task(queue.put("more"));
        tick().await;
        assert!(!put.done());
        queue.shutdown(false);
        assert_eq!(queue.qsize(), 1);
        tick().await;
        assert!(is_shut(put.await));
        assert_eq!(queue.get().await?, "data");
        tick().await;
        assert!(!join.done(), "the item is not done");
        refuses_everything(&queue).await;
        queue.task_done()?;
        join.await?;
        assert!(matches!(queue.task_done(), Err(Error::ValueError(_))));
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn at_once_it_drops_its_items_and_they_count_as_done() -> Result<()> {
    // CPython: test_queues._QueueShutdownTestMixin.test_shutdown_immediate
    for queue in kinds(0) {
        queue.put_nowait("data")?;
        let join = asyncio::create_task(queue.join());
        tick().await;
        queue.shutdown(true);
        assert_eq!(queue.qsize(), 0);
        tick().await;
        assert!(join.done());
        refuses_everything(&queue).await;
        assert!(matches!(queue.task_done(), Err(Error::ValueError(_))));
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn at_once_it_still_waits_for_what_was_taken_out() -> Result<()> {
    // CPython: test_queues._QueueShutdownTestMixin.test_shutdown_immediate_with_unfinished (B 39)
    for queue in kinds(0) {
        queue.put_nowait("data")?;
        queue.put_nowait("data")?;
        let join = asyncio::create_task(queue.join());
        assert_eq!(queue.get().await?, "data");
        queue.shutdown(true);
        assert_eq!(queue.qsize(), 0);
        tick().await;
        assert!(!join.done());
        refuses_everything(&queue).await;
        queue.task_done()?;
        assert!(matches!(queue.task_done(), Err(Error::ValueError(_))));
        join.await?;
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_graceful_one_can_be_made_immediate_and_again_is_harmless() -> Result<()> {
    for queue in kinds(0) {
        queue.put_nowait("data")?;
        queue.shutdown(false);
        queue.shutdown(false);
        assert_eq!(queue.qsize(), 1);
        queue.shutdown(true);
        queue.shutdown(true);
        assert_eq!(queue.qsize(), 0);
        queue.join().await?;
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn all_putters_are_sent_away_with_their_items() -> Result<()> {
    let queue = Queue::with_maxsize(1);
    queue.put_nowait(Rc::new(0))?;
    let item = Rc::new(1);
    let putters: Vec<_> = (0..3)
        .map(|_| {
            let put = queue.put(item.clone());
            asyncio::create_task(async move { Ok::<_, Error>(put.await.unwrap_err().item) })
        })
        .collect();
    tick().await;
    queue.shutdown(false);
    for putter in putters {
        assert!(Rc::ptr_eq(&putter.await?, &item));
    }
    Ok(())
}

/// Uses the queue while it is dropped.
struct Meddler(Queue<Meddler>);

impl Drop for Meddler {
    fn drop(&mut self) {
        assert_eq!(self.0.qsize(), 0);
        assert!(is_shut(self.0.get_nowait()));
    }
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn the_destructor_of_a_dropped_item_may_use_the_queue() -> Result<()> {
    let queue = Queue::new();
    queue.put_nowait(Meddler(queue.clone()))?;
    queue.shutdown(true);
    queue.join().await
}
