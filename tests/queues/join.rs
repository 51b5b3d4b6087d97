//! `join` and `task_done`, of all three queues.

use std::cell::Cell;
use std::rc::Rc;

use asyncio::{Error, LifoQueue, PriorityQueue, Queue, catch_cancelled};

use crate::support::quiet::{tick, ticks};

/// The three queues, which must agree here.
fn kinds() -> [Queue<u32>; 3] {
    [Queue::new(), LifoQueue::new().into(), PriorityQueue::new().into()]
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn more_items_cannot_be_done_than_were_put() {
    // CPython: test_queues._QueueJoinTestMixin.test_task_done_underflow
    for queue in kinds() {
        let error = queue.task_done().unwrap_err();
        assert!(matches!(error, Error::ValueError(_)));
        assert!(error.to_string().contains("once for each item"), "{error}");
    }
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn joining_waits_until_all_is_done() -> asyncio::Result<()> {
    // CPython: test_queues._QueueJoinTestMixin.test_task_done
    for queue in kinds() {
        for item in 0..100 {
            queue.put_nowait(item)?;
        }
        let sum = Rc::new(Cell::new(0));
        let workers = [(), ()].map(|()| {
            let (queue, sum) = (queue.clone(), sum.clone());
            asyncio::create_task(async move {
                loop {
                    let item = queue.get().await?;
                    tick().await;
                    sum.set(sum.get() + item);
                    queue.task_done()?;
                }
                #[expect(unreachable_code, reason = "it says how the task would end")]
                Ok::<(), Error>(())
            })
        });
        queue.join().await?;
        assert_eq!(sum.get(), (0..100).sum());
        queue.shutdown(false);
        for worker in workers {
            assert!(matches!(worker.await, Err(Error::QueueShutDown)));
        }
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn joining_what_has_nothing_to_do_takes_no_tick() -> asyncio::Result<()> {
    // CPython: test_queues._QueueJoinTestMixin.test_join_empty_queue
    for queue in kinds() {
        let later = asyncio::create_task(async {});
        queue.join().await?;
        queue.join().await?;
        assert!(!later.done());
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn what_is_put_after_the_last_was_done_does_not_hold_those_who_waited() -> asyncio::Result<()> {
    let queue = Queue::new();
    queue.put_nowait(1)?;
    let join = asyncio::create_task(queue.join());
    tick().await;
    queue.get_nowait()?;
    queue.task_done()?;
    queue.put_nowait(2)?;
    tick().await;
    assert!(join.done());
    let second = asyncio::create_task(queue.join());
    ticks(3).await;
    assert!(!second.done());
    queue.task_done()?;
    second.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_its_three_moments_a_join_leaves_nothing() -> asyncio::Result<()> {
    let queue = Queue::new();
    queue.put_nowait(1)?;
    let unborn = asyncio::create_task(queue.join());
    unborn.cancel();
    let [suspended, other] = [(), ()].map(|()| asyncio::create_task(queue.join()));
    let released = {
        let queue = queue.clone();
        asyncio::create_task(async move { Ok::<_, Error>(catch_cancelled(queue.join()).await.is_err()) })
    };
    tick().await;
    suspended.cancel();
    tick().await;
    queue.task_done()?;
    released.cancel();
    assert!(released.await?, "it leaves although all was done in the same tick");
    for task in [unborn, suspended] {
        assert!(task.await.unwrap_err().is_cancelled());
    }
    other.await
}
