//! Queues: what goes in, what comes out, and who waits.

use asyncio::{Error, LifoQueue, PriorityQueue, Queue, Result, create_task, get_running_loop, sleep, wait, wait_for};

use crate::harness::program::{Program, now, program, seconds, ticks};
use crate::harness::trace::{List, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(items_come_out_as_they_went_in),
    program!(the_last_comes_out_first),
    program!(the_smallest_comes_out_first),
    program!(those_who_wait_are_served_in_their_order),
    program!(who_comes_without_waiting_may_be_faster_than_who_was_woken),
    program!(a_full_queue_makes_its_putters_wait),
    program!(without_waiting_full_and_empty_are_errors),
    program!(a_cancelled_getter_loses_nothing),
    program!(a_cancelled_putter_leaves_its_place_to_the_next),
    program!(join_waits_until_all_is_done),
    program!(join_of_an_unused_queue_returns_at_once),
    program!(a_deadline_while_waiting_for_an_item),
    program!(a_queue_that_is_shut_down_is_emptied_first).since(13),
    program!(a_shutdown_wakes_those_who_wait).since(13),
    program!(an_immediate_shutdown_drops_the_items).since(13),
    program!(producers_and_consumers_take_turns),
];

type Numbers = Queue<u32>;

async fn getter(name: &'static str, queue: Numbers) -> Result<()> {
    say!(name, "got", queue.get().await?);
    Ok(())
}

async fn putter<const N: usize>(queue: Numbers, items: [u32; N]) -> Result<()> {
    for item in items {
        queue.put(item).await?;
        say!("put", item);
    }
    Ok(())
}

fn take<const N: usize>(queue: &Numbers) -> List<[u32; N]> {
    List(std::array::from_fn(|_| queue.get_nowait().unwrap()))
}

async fn items_come_out_as_they_went_in() -> Result<()> {
    let queue = Numbers::new();
    putter(queue.clone(), [3, 1, 2]).await?;
    say!(queue.qsize(), queue.empty(), queue.full());
    say!(List([queue.get().await?, queue.get().await?, queue.get().await?]));
    say!(queue.qsize(), queue.empty(), queue.full());
    Ok(())
}

async fn the_last_comes_out_first() -> Result<()> {
    let queue: Numbers = LifoQueue::new().into();
    putter(queue.clone(), [3, 1, 2]).await?;
    say!(take::<3>(&queue));
    Ok(())
}

async fn the_smallest_comes_out_first() -> Result<()> {
    let queue: Numbers = PriorityQueue::new().into();
    putter(queue.clone(), [3, 1, 2, 1]).await?;
    say!(queue.get_nowait());
    queue.put_nowait(0)?;
    say!(take::<4>(&queue));
    Ok(())
}

async fn those_who_wait_are_served_in_their_order() -> Result<()> {
    let queue = Numbers::new();
    for name in ["a", "b", "c"] {
        create_task(getter(name, queue.clone())).detach();
    }
    ticks(1).await;
    for item in [1, 2, 3] {
        queue.put_nowait(item)?;
    }
    say!(queue.qsize());
    ticks(2).await;
    say!(queue.qsize());
    Ok(())
}

async fn who_comes_without_waiting_may_be_faster_than_who_was_woken() -> Result<()> {
    let queue = Numbers::new();
    create_task(getter("waiting", queue.clone())).detach();
    ticks(1).await;
    queue.put_nowait(1)?;
    say!("main got", queue.get_nowait());
    ticks(2).await;
    queue.put_nowait(2)?;
    ticks(2).await;
    Ok(())
}

async fn a_full_queue_makes_its_putters_wait() -> Result<()> {
    let queue = Numbers::with_maxsize(2);
    let task = create_task(putter(queue.clone(), [1, 2, 3, 4]));
    ticks(2).await;
    say!(queue.qsize(), queue.full(), queue.maxsize());
    say!("got", queue.get().await);
    ticks(2).await;
    say!("got", queue.get().await, queue.get().await, queue.get().await);
    task.await
}

async fn without_waiting_full_and_empty_are_errors() -> Result<()> {
    let queue = Numbers::with_maxsize(1);
    say!(queue.get_nowait());
    queue.put_nowait(1)?;
    say!(queue.put_nowait(2));
    say!(queue.qsize());
    Ok(())
}

async fn a_cancelled_getter_loses_nothing() -> Result<()> {
    let queue = Numbers::new();
    let [first, second] = ["first", "second"].map(|name| create_task(getter(name, queue.clone())));
    ticks(1).await;
    queue.put_nowait(1)?;
    first.cancel_with("why");
    say!(first.await);
    ticks(2).await;
    say!(second.done(), queue.qsize());
    Ok(())
}

async fn a_cancelled_putter_leaves_its_place_to_the_next() -> Result<()> {
    let queue = Numbers::with_maxsize(1);
    queue.put_nowait(0)?;
    let [first, second] = [1, 2].map(|item| create_task(putter(queue.clone(), [item])));
    ticks(1).await;
    say!("got", queue.get_nowait());
    first.cancel_with("why");
    say!(first.await);
    second.await?;
    say!("got", queue.get_nowait(), queue.empty());
    Ok(())
}

async fn join_waits_until_all_is_done() -> Result<()> {
    let queue = Numbers::new();
    for item in 0..3 {
        queue.put_nowait(item)?;
    }
    let worked = queue.clone();
    let task = create_task(async move {
        loop {
            let item = worked.get().await?;
            sleep(seconds(1)).await;
            say!("done", item, now());
            worked.task_done()?;
        }
        #[expect(unreachable_code, reason = "says the type")]
        Ok::<(), Error>(())
    });
    queue.join().await?;
    say!("joined", now());
    task.cancel();
    say!(task.await);
    Ok(())
}

async fn join_of_an_unused_queue_returns_at_once() -> Result<()> {
    let queue = Numbers::new();
    get_running_loop()?.call_soon(|| say!("a tick later"))?;
    queue.join().await?;
    say!("joined");
    say!(queue.task_done());
    queue.put_nowait(1)?;
    queue.get_nowait()?;
    queue.task_done()?;
    say!(queue.task_done());
    ticks(1).await;
    Ok(())
}

async fn a_deadline_while_waiting_for_an_item() -> Result<()> {
    let queue = Numbers::new();
    say!(wait_for(queue.get(), seconds(1)).await, now());
    queue.put_nowait(1)?;
    say!(wait_for(queue.get(), seconds(1)).await, now());
    Ok(())
}

async fn a_queue_that_is_shut_down_is_emptied_first() -> Result<()> {
    let queue = Numbers::new();
    queue.put_nowait(1)?;
    queue.shutdown(false);
    queue.shutdown(false);
    say!(queue.put_nowait(2), queue.put(2).await);
    say!(queue.get().await);
    say!(queue.get().await, queue.get_nowait());
    queue.task_done()?;
    queue.join().await?;
    say!("joined");
    Ok(())
}

async fn a_shutdown_wakes_those_who_wait() -> Result<()> {
    let (empty, full) = (Numbers::new(), Numbers::with_maxsize(1));
    full.put_nowait(0)?;
    let [first, second] = ["getter", "other"].map(|name| create_task(getter(name, empty.clone())));
    let third = create_task(putter(full.clone(), [1]));
    ticks(1).await;
    empty.shutdown(false);
    full.shutdown(false);
    for task in [first, second, third] {
        say!(task.await);
    }
    say!(full.get().await);
    Ok(())
}

async fn an_immediate_shutdown_drops_the_items() -> Result<()> {
    let queue = Numbers::new();
    for item in 0..3 {
        queue.put_nowait(item)?;
    }
    let task = create_task(queue.join());
    ticks(1).await;
    queue.shutdown(true);
    say!(queue.qsize(), queue.get_nowait());
    say!(task.await);
    Ok(())
}

async fn producers_and_consumers_take_turns() -> Result<()> {
    async fn consumer(name: &'static str, queue: Queue<Option<u32>>) -> Result<()> {
        while let Some(item) = queue.get().await? {
            say!(name, item);
            ticks(1).await;
        }
        Ok(())
    }
    async fn producer(items: &'static [u32], queue: Queue<Option<u32>>) -> Result<()> {
        for item in items {
            queue.put(Some(*item)).await?;
            say!("put", item);
        }
        Ok(())
    }
    let queue = Queue::with_maxsize(2);
    let consumers = ["a", "b"].map(|name| create_task(consumer(name, queue.clone())));
    let items: [&[u32]; 2] = [&[1, 2, 3, 4], &[5, 6, 7]];
    wait(items.map(|items| create_task(producer(items, queue.clone())))).await?;
    for _ in &consumers {
        queue.put(None).await?;
    }
    wait(consumers).await?;
    say!(queue.qsize());
    Ok(())
}
