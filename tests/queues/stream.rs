//! A queue as a stream.

use asyncio::{Error, Queue};
use futures_lite::StreamExt;

use crate::support::quiet::tick;

#[asyncio::test(virtual_time, timeout = "60s")]
async fn it_gives_the_items_and_ends_with_the_queue() -> asyncio::Result<()> {
    let queue = Queue::with_maxsize(1);
    let consumer = {
        let mut items = queue.stream()?;
        asyncio::create_task(async move {
            let mut got = Vec::new();
            while let Some(item) = items.next().await {
                got.push(item);
            }
            assert!(items.next().await.is_none(), "it stays at its end");
            Ok::<_, Error>(got)
        })
    };
    for item in 0..4 {
        queue.put(item).await?;
    }
    queue.shutdown(false);
    assert_eq!(consumer.await?, [0, 1, 2, 3]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn several_streams_share_the_items() -> asyncio::Result<()> {
    let queue = Queue::new();
    let mut consumers = Vec::new();
    for _ in 0..2 {
        let items = queue.stream()?;
        consumers.push(asyncio::create_task(async move { Ok::<_, Error>(items.collect::<Vec<u8>>().await) }));
    }
    tick().await;
    for item in 0..4 {
        queue.put_nowait(item)?;
        tick().await;
    }
    queue.shutdown(false);
    let mut all = Vec::new();
    for consumer in consumers {
        let got = consumer.await?;
        assert_eq!(got.len(), 2, "they take turns");
        all.extend(got);
    }
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3]);
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_the_tick_of_its_item_it_loses_none() -> asyncio::Result<()> {
    let queue = Queue::new();
    let mut items = queue.stream()?;
    let consumer = asyncio::create_task(async move { Ok::<_, Error>(items.next().await) });
    let getter = asyncio::create_task(queue.get());
    tick().await;
    queue.put_nowait(1)?;
    consumer.cancel();
    assert!(consumer.await.unwrap_err().is_cancelled());
    assert_eq!(getter.await?, 1);
    assert!(format!("{queue:?}").contains("getters: 0"));
    Ok(())
}

#[test]
fn it_is_made_where_a_loop_runs() {
    let error = Queue::<u8>::new().stream().unwrap_err();
    assert!(error.to_string().contains("needs a running event loop"), "{error}");
}
