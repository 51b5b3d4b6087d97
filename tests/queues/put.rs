//! `put` and `put_nowait`.

use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Event, Queue};

use crate::support::net::running;
use crate::support::quiet::{quiet, tick};

#[asyncio::test(virtual_time, timeout = "60s")]
async fn where_there_is_room_nobody_waits() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_blocking_put, test_nonblocking_put
    let queue = Queue::with_maxsize(2);
    let later = asyncio::create_task(async {});
    queue.put(1).await?;
    queue.put_nowait(2)?;
    assert!(!later.done());
    assert_eq!((queue.get_nowait()?, queue.get().await?), (1, 2));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_waits_for_room() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_blocking_put_wait, test_put_cancelled
    let (queue, started) = (Queue::with_maxsize(1), Event::new());
    let putter = {
        let (queue, started) = (queue.clone(), started.clone());
        asyncio::create_task(async move {
            started.set();
            queue.put(1).await?;
            queue.put(2).await
        })
    };
    let getter = queue.clone();
    running().call_later(Duration::from_millis(10), move || assert_eq!(getter.get_nowait().unwrap(), 1))?;
    started.wait().await?;
    assert!(!putter.done());
    putter.await?;
    assert_eq!(queue.get_nowait()?, 2);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn those_who_wait_put_in_their_order() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_why_are_putters_waiting
    let queue = Queue::with_maxsize(2);
    let putters = [0, 1, 2, 3].map(|item| asyncio::create_task(queue.put(item)));
    tick().await;
    assert_eq!(queue.qsize(), 2);
    assert_eq!((queue.get_nowait()?, queue.get_nowait()?), (0, 1));
    for putter in putters {
        putter.await?;
    }
    assert_eq!((queue.get_nowait()?, queue.get_nowait()?), (2, 3));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_newcomer_may_be_faster_and_then_the_woken_one_waits_at_the_end() -> asyncio::Result<()> {
    let queue = Queue::with_maxsize(1);
    queue.put_nowait(1)?;
    let first = asyncio::create_task(queue.put(2));
    let second = asyncio::create_task(queue.put(3));
    tick().await;
    assert_eq!(queue.get_nowait()?, 1);
    queue.put_nowait(4)?;
    tick().await;
    let mut got = Vec::new();
    for _ in 0..3 {
        got.push(queue.get().await?);
    }
    assert_eq!(got, [4, 3, 2]);
    first.await?;
    second.await?;
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_before_its_first_step_a_putter_puts_nothing() -> asyncio::Result<()> {
    let queue = Queue::new();
    let putter = asyncio::create_task(queue.put(1));
    putter.cancel();
    assert!(putter.await.unwrap_err().is_cancelled());
    assert!(queue.empty());
    assert!(format!("{queue:?}").contains("unfinished: 0"));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_while_it_waits_a_putter_leaves_and_its_item_is_dropped() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_cancelled_puts_not_being_held_in_self_putters
    let (queue, item) = (Queue::with_maxsize(1), Rc::new(()));
    queue.put_nowait(Rc::new(()))?;
    let putter = asyncio::create_task(queue.put(item.clone()));
    tick().await;
    assert!(format!("{queue:?}").contains("putters: 1"));
    putter.cancel();
    assert!(putter.await.unwrap_err().is_cancelled());
    assert!(format!("{queue:?}").contains("putters: 0"));
    assert_eq!((Rc::strong_count(&item), queue.qsize()), (1, 1));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancelled_putter_lets_the_others_put() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_put_cancelled_race
    let queue = Queue::with_maxsize(1);
    let [a, b, x] = ["a", "b", "x"].map(|item| asyncio::create_task(queue.put(item)));
    tick().await;
    assert!(a.done() && !b.done());
    x.cancel();
    tick().await;
    assert!(x.cancelled());
    assert_eq!(queue.get_nowait()?, "a");
    tick().await;
    assert_eq!(queue.get_nowait()?, "b");
    b.await?;
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_room_a_putter_passes_it_on() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_put_cancel_drop, test_cancelled_put_silence_value_error_exception
    for cancel_first in [true, false] {
        let queue = Queue::with_maxsize(1);
        queue.put_nowait(1)?;
        let first = asyncio::create_task(queue.put(2));
        let second = asyncio::create_task(queue.put(3));
        tick().await;
        if cancel_first {
            first.cancel();
        }
        assert_eq!(queue.get_nowait()?, 1);
        if !cancel_first {
            first.cancel();
        }
        quiet().await;
        assert!(first.cancelled() && second.done());
        assert_eq!(queue.get_nowait()?, 3);
        assert!(queue.empty());
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn who_keeps_the_future_has_the_item_back() -> asyncio::Result<()> {
    let queue = Queue::with_maxsize(1);
    queue.put_nowait("first")?;
    let mut put = queue.put("second");
    assert!(asyncio::timeout(Duration::from_secs(1), &mut put).await.unwrap_err().is_timeout());
    assert_eq!(queue.get_nowait()?, "first");
    // It can be awaited again, or given up.
    put.await?;
    assert_eq!(queue.qsize(), 1);
    let mut put = queue.put("third");
    assert!(futures_lite::future::poll_once(&mut put).await.is_none());
    assert_eq!(put.into_item(), Some("third"));
    assert!(format!("{queue:?}").contains("putters: 0"));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_put_may_be_a_task() -> asyncio::Result<()> {
    let queue = Queue::new();
    asyncio::create_task(queue.put(1)).await?;
    queue.shutdown(false);
    assert!(matches!(asyncio::create_task(queue.put(2)).await, Err(Error::QueueShutDown)));
    Ok(())
}
