//! `get` and `get_nowait`.

use std::time::Duration;

use asyncio::{Error, Event, Queue};

use crate::support::net::running;
use crate::support::quiet::{quiet, tick};

#[asyncio::test(virtual_time, timeout = "60s")]
async fn an_item_that_is_there_is_taken_without_a_tick() -> asyncio::Result<()> {
    // CPython: test_queues.QueueGetTests.test_blocking_get, test_nonblocking_get
    let queue = Queue::new();
    queue.put_nowait(1)?;
    queue.put_nowait(2)?;
    let later = asyncio::create_task(async {});
    assert_eq!((queue.get().await?, queue.get_nowait()?), (1, 2));
    assert!(!later.done());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn nothing_to_get_is_an_error_of_its_own() {
    // CPython: test_queues.QueueGetTests.test_nonblocking_get_exception
    assert!(matches!(Queue::<u8>::new().get_nowait(), Err(Error::QueueEmpty)));
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_waits_for_an_item() -> asyncio::Result<()> {
    // CPython: test_queues.QueueGetTests.test_blocking_get_wait, QueuePutTests.test_put_with_waiting_getters
    let (queue, started) = (Queue::new(), Event::new());
    let getter = {
        let (queue, started) = (queue.clone(), started.clone());
        asyncio::create_task(async move {
            started.set();
            queue.get().await
        })
    };
    started.wait().await?;
    assert!(!getter.done());
    running().call_later(Duration::from_millis(10), move || queue.put_nowait(1).unwrap())?;
    assert_eq!(getter.await?, 1);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn taking_wakes_a_putter() -> asyncio::Result<()> {
    // CPython: test_queues.QueueGetTests.test_get_with_putters, test_get_with_waiting_putters
    let queue = Queue::with_maxsize(1);
    let putters = ["a", "b"].map(|item| asyncio::create_task(queue.put(item)));
    assert_eq!((queue.get().await?, queue.get().await?), ("a", "b"));
    for putter in putters {
        putter.await?;
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_narrow_queue_passes_everything_on() -> asyncio::Result<()> {
    // CPython: test_queues.QueueGetTests.test_why_are_getters_waiting
    let queue = Queue::with_maxsize(1);
    let producer = {
        let queue = queue.clone();
        asyncio::create_task(async move {
            for item in 0..5 {
                queue.put(item).await?;
            }
            Ok::<_, Error>(())
        })
    };
    for item in 0..5 {
        assert_eq!(queue.get().await?, item);
    }
    producer.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn getters_are_served_in_their_order() -> asyncio::Result<()> {
    let queue = Queue::new();
    let getters = [(), (), ()].map(|()| asyncio::create_task(queue.get()));
    tick().await;
    for item in 1..=3 {
        queue.put_nowait(item)?;
    }
    let [first, second, third] = getters;
    assert_eq!((first.await?, second.await?, third.await?), (1, 2, 3));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_newcomer_may_be_faster_and_then_the_woken_one_waits_at_the_end() -> asyncio::Result<()> {
    let queue = Queue::new();
    let first = asyncio::create_task(queue.get());
    let second = asyncio::create_task(queue.get());
    tick().await;
    queue.put_nowait(1)?;
    assert_eq!(queue.get_nowait()?, 1, "although one waits for it");
    tick().await;
    assert!(!first.done());
    queue.put_nowait(2)?;
    tick().await;
    assert!(second.done() && !first.done());
    queue.put_nowait(3)?;
    assert_eq!((second.await?, first.await?), (2, 3));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_before_its_first_step_a_getter_takes_nothing() -> asyncio::Result<()> {
    let queue = Queue::new();
    queue.put_nowait(1)?;
    let getter = asyncio::create_task(queue.get());
    getter.cancel();
    assert!(getter.await.unwrap_err().is_cancelled());
    assert_eq!(queue.get_nowait()?, 1);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_it_waits_a_getter_leaves_and_the_item_reaches_the_next() -> asyncio::Result<()> {
    // CPython: test_queues.QueueGetTests.test_get_cancelled_race (B 38),
    // test_cancelled_getters_not_being_held_in_self_getters
    let queue = Queue::new();
    let first = asyncio::create_task(queue.get());
    let second = asyncio::create_task(queue.get());
    tick().await;
    first.cancel();
    tick().await;
    assert!(first.cancelled());
    queue.put("a").await?;
    tick().await;
    assert_eq!(second.await?, "a");
    assert!(asyncio::wait_for(queue.get(), Duration::from_millis(100)).await.unwrap_err().is_timeout());
    assert!(format!("{queue:?}").contains("getters: 0"));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_item_a_getter_loses_none() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_get_cancel_drop_one_pending_reader
    for cancel_first in [true, false] {
        let queue = Queue::new();
        let reader = asyncio::create_task(queue.get());
        tick().await;
        if cancel_first {
            reader.cancel();
        }
        queue.put_nowait(1)?;
        queue.put_nowait(2)?;
        if !cancel_first {
            reader.cancel();
        }
        assert!(reader.await.unwrap_err().is_cancelled());
        assert_eq!((queue.get().await?, queue.get().await?), (1, 2));
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_item_a_getter_wakes_the_next() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_get_cancel_drop_many_pending_readers
    for cancel_first in [true, false] {
        let queue = Queue::new();
        let [first, second, third] = [(), (), ()].map(|()| asyncio::create_task(queue.get()));
        tick().await;
        if cancel_first {
            first.cancel();
        }
        queue.put_nowait(1)?;
        queue.put_nowait(2)?;
        if !cancel_first {
            first.cancel();
        }
        quiet().await;
        assert!(first.cancelled());
        let mut got = [second.await?, third.await?];
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    }
    Ok(())
}
