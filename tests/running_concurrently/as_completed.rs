//! `as_completed`.

use std::time::Duration;

use asyncio::{Error, Result, Task, as_completed, create_task, sleep};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

fn after(seconds: u32) -> Task<u32> {
    create_task(async move {
        sleep(SECOND * seconds).await;
        Ok::<_, Error>(seconds)
    })
}

#[asyncio::test(virtual_time)]
async fn the_very_tasks_come_back_in_the_order_in_which_they_end() -> Result<()> {
    // CPython: test_tasks.test_as_completed, test_as_completed_same_tasks_in_as_out
    let tasks = [after(3), after(1), after(2)];
    let handles: Vec<_> = tasks.iter().map(|task| task.as_any()).collect();
    let mut ended = as_completed(tasks);
    for expected in [1, 2, 0] {
        let task = ended.next().await.expect("there is one left")?;
        assert_eq!(task, handles[expected]);
        assert!(task.done());
    }
    assert!(ended.next().await.is_none());
    assert!(ended.next().await.is_none(), "and again");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn those_that_are_done_already_come_first() -> Result<()> {
    let done = after(0);
    sleep(SECOND).await;
    let mut ended = as_completed([after(1), done]);
    assert_eq!(ended.next().await.expect("one is done")?.await?, 0);
    assert_eq!(ended.next().await.expect("one is left")?.await?, 1);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_loop_that_was_left_can_be_resumed() -> Result<()> {
    // CPython: test_tasks.test_as_completed_resume_iterator
    let mut ended = as_completed((1..=4).map(after));
    let mut collected = Vec::new();
    while let Some(task) = ended.next().await {
        collected.push(task?.await?);
        if collected.len() == 2 {
            break;
        }
    }
    sleep(9 * SECOND).await;
    while let Some(task) = ended.next().await {
        collected.push(task?.await?);
    }
    assert_eq!(collected, [1, 2, 3, 4]);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn several_that_end_at_once_come_one_by_one_without_a_tick() -> Result<()> {
    // CPython: test_tasks.test_as_completed_concurrent
    let mut ended = as_completed([after(1), after(1)]);
    let first = ended.next().await.expect("there are two")?;
    let began = running().time();
    let second = ended.next().await.expect("there is another one")?;
    let (done, pending) = asyncio::wait([first, second]).await?;
    assert_eq!((done.len(), pending.len()), (2, 0));
    assert_eq!(running().time(), began);
    Ok(())
}

#[test]
#[should_panic(expected = "no event loop is running on this thread")]
fn without_a_loop_it_panics() {
    // CPython: test_tasks.test_as_completed_coroutine_without_loop
    drop(as_completed([async {}]));
}

#[asyncio::test(virtual_time)]
async fn a_deadline_is_an_error_for_each_that_is_late_and_they_run_on() -> Result<()> {
    // CPython: test_tasks.test_as_completed_with_timeout
    let tasks = [after(1), after(5), after(6)];
    let late = tasks[1].as_any();
    let mut ended = as_completed(tasks).timeout(2 * SECOND);
    let began = running().time();
    assert_eq!(ended.next().await.expect("one is early")?.await?, 1);
    assert!(ended.next().await.expect("a late one").unwrap_err().is_timeout());
    assert_eq!(running().time() - began, 2 * SECOND);
    assert!(ended.next().await.expect("another late one").unwrap_err().is_timeout());
    assert!(ended.next().await.is_none());
    assert_eq!((late.done(), late.cancelling()), (false, 0));
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_deadline_that_nobody_misses_is_nothing() -> Result<()> {
    // CPython: test_tasks.test_as_completed_with_unused_timeout
    let mut ended = as_completed([after(1)]).timeout(9 * SECOND);
    assert_eq!(ended.next().await.expect("it is early")?.await?, 1);
    assert!(ended.next().await.is_none());
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_failure_is_met_where_the_task_is_awaited() -> Result<()> {
    let failing = create_task(async { Err::<u32, _>(Error::value_error("failed")) });
    let mut ended = as_completed([failing, after(1)]);
    let first = ended.next().await.expect("there are two")?;
    assert!(first.await.unwrap_err().to_string().contains("failed"));
    assert_eq!(ended.next().await.expect("there is one left")?.await?, 1);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn leaving_early_leaves_the_others_running() -> Result<()> {
    let tasks = [after(1), after(3)];
    let slow = tasks[1].as_any();
    let mut ended = as_completed(tasks);
    drop(ended.next().await);
    drop(ended);
    sleep(3 * SECOND).await;
    assert!(slow.done() && !slow.cancelled());
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_cancelled_next_loses_no_task() -> Result<()> {
    // Its three moments: before the first poll, while it waits, in the tick of an end.
    let gate = running().create_future::<u32>();
    let awaited = gate.clone();
    let mut ended = as_completed([create_task(async move { awaited.await })]);
    let cancelled_at_once = asyncio::timeout(Duration::ZERO, async {
        ended.next().await;
        Ok::<_, Error>(())
    });
    assert!(cancelled_at_once.await.unwrap_err().is_timeout());
    assert!(
        asyncio::timeout(SECOND, async {
            ended.next().await;
            Ok::<_, Error>(())
        })
        .await
        .unwrap_err()
        .is_timeout()
    );
    let me = asyncio::current_task()?.expect("a test is one");
    let (setter, canceller) = (gate.clone(), me.clone());
    running().call_later(SECOND, move || {
        setter.set_result(7).unwrap();
        canceller.cancel();
    })?;
    let left = asyncio::catch_cancelled(async { ended.next().await.is_some() }).await;
    assert!(left.is_err());
    me.uncancel();
    assert_eq!(ended.next().await.expect("nothing was lost")?.await?, 7);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn nothing_to_wait_for_ends_at_once() {
    assert!(as_completed(Vec::<Task<u32>>::new()).next().await.is_none());
}

#[asyncio::test(virtual_time)]
async fn it_is_a_stream_for_those_who_combine_streams() -> Result<()> {
    use futures::StreamExt;

    let ended = as_completed([after(2), after(1)]);
    assert_eq!(futures::Stream::size_hint(&ended), (2, Some(2)));
    let order: Vec<_> = ended.map(|task| task.unwrap().into_result().unwrap()).collect().await;
    assert_eq!(order, [1, 2]);
    Ok(())
}
