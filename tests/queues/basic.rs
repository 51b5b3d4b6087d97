//! What a queue says of itself, and its plain order.

use asyncio::{Error, PutError, Queue};

use crate::support::quiet::{tick, ticks};

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_counts_its_items() -> asyncio::Result<()> {
    // CPython: test_queues.QueueBasicTests.test_empty, test_full, test_maxsize
    let queue = Queue::with_maxsize(2);
    assert_eq!((queue.maxsize(), queue.qsize(), queue.empty(), queue.full()), (2, 0, true, false));
    queue.put_nowait(1)?;
    assert_eq!((queue.qsize(), queue.empty(), queue.full()), (1, false, false));
    queue.put_nowait(2)?;
    assert_eq!((queue.qsize(), queue.full()), (2, true));
    assert_eq!(queue.get_nowait()?, 1);
    assert!(!queue.full());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn without_a_limit_it_is_never_full() -> asyncio::Result<()> {
    let queue = Queue::default();
    for item in 0..10_000 {
        queue.put_nowait(item)?;
    }
    assert_eq!((queue.maxsize(), queue.full(), queue.qsize()), (0, false, 10_000));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn the_first_in_is_the_first_out() -> asyncio::Result<()> {
    // CPython: test_queues.QueueBasicTests.test_order
    let queue = Queue::new();
    for item in [1, 3, 2] {
        queue.put(item).await?;
    }
    assert_eq!([queue.get().await?, queue.get().await?, queue.get().await?], [1, 3, 2]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_putter_waits_until_an_item_is_taken() -> asyncio::Result<()> {
    // CPython: test_queues.QueueBasicTests.test_maxsize
    let queue = Queue::with_maxsize(2);
    let putter = {
        let queue = queue.clone();
        asyncio::create_task(async move {
            for item in 0..3 {
                queue.put(item).await?;
            }
            Ok::<_, Error>(())
        })
    };
    ticks(2).await;
    assert_eq!(queue.qsize(), 2);
    assert!(!putter.done());
    assert_eq!(queue.get().await?, 0);
    tick().await;
    assert!(putter.done());
    assert_eq!((queue.get().await?, queue.get().await?), (1, 2));
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn what_could_not_be_put_comes_back() -> asyncio::Result<()> {
    // CPython: test_queues.QueuePutTests.test_nonblocking_put_exception
    let queue = Queue::with_maxsize(1);
    queue.put_nowait(Box::new(1))?;
    let PutError { error, item } = queue.put_nowait(Box::new(2)).unwrap_err();
    assert!(matches!(error, Error::QueueFull));
    assert_eq!(*item, 2);
    // By `?` it is an error like all others.
    let converted: Error = queue.put_nowait(item).unwrap_err().into();
    assert!(converted.to_string().contains("no free slot"), "{converted}");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_shows_who_waits() -> asyncio::Result<()> {
    // CPython: test_queues.QueueBasicTests.test_repr, QueueJoinTests.test_format
    let queue = Queue::with_maxsize(1);
    let getter = asyncio::create_task(queue.get());
    tick().await;
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=1, 0 items, unfinished: 0, getters: 1, putters: 0>");
    queue.put_nowait(1)?;
    getter.await?;
    queue.put_nowait(2)?;
    let putter = asyncio::create_task(queue.put(3));
    tick().await;
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=1, 1 items, unfinished: 2, getters: 0, putters: 1>");
    assert!(asyncio::format_call_graph(Some(&putter))?.contains("waits for room in a queue"));
    queue.shutdown(true);
    assert!(matches!(putter.await, Err(Error::QueueShutDown)));
    assert_eq!(format!("{queue:?}"), "<Queue shutdown maxsize=1, 0 items, unfinished: 1, getters: 0, putters: 0>");
    Ok(())
}
