//! Futures and combinators of other crates take part, and where that ends.

use std::rc::Rc;
use std::time::Duration;

use asyncio::Error;
use futures::channel::{mpsc, oneshot};
use futures::future::{Either, FutureExt, join, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::task::{LocalSpawnExt, SpawnExt};
use futures::{SinkExt, pin_mut};

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use crate::support::tasks::{Dropped, HOUR, me, millis, tick, ticks};

const LOST_CLEAN_UP: &str = "a clean-up could not run: its future was dropped instead of cancelled";

#[asyncio::test(timeout = "20s")]
async fn foreign_channels_wake_tasks_also_from_other_threads() {
    let (mut sender, mut receiver) = mpsc::channel(1);
    let (done, ended) = oneshot::channel();
    let reader = asyncio::create_task(async move {
        let mut sum = 0;
        while let Some(number) = receiver.next().await {
            sum += number;
        }
        done.send(sum).map_err(|_| Error::runtime_error("the test has left"))
    });
    for number in 0..50 {
        sender.send(number).await.unwrap();
    }
    let thread = std::thread::spawn(move || futures_lite::future::block_on(sender.send(1000)).unwrap());
    assert_eq!(ended.await.unwrap(), 1225 + 1000);
    reader.await.unwrap();
    thread.join().unwrap();
}

#[asyncio::test]
async fn a_task_that_waits_for_a_foreign_channel_is_cancelled() {
    let (sender, receiver) = oneshot::channel::<()>();
    let task = asyncio::create_task(async move { receiver.await.map_err(Error::other) });
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(sender.is_canceled(), "its end was dropped");
}

#[asyncio::test]
async fn a_value_in_a_foreign_channel_stays_there_when_its_reader_is_cancelled() {
    let (mut sender, receiver) = mpsc::channel(4);
    let receiver = Rc::new(futures::lock::Mutex::new(receiver));
    let shared = receiver.clone();
    // A foreign leaf is polled under the mark, as any; it may have taken the value then, and the value is dropped.
    // It does not when the cancel comes first: nobody polls it any more.
    let task = asyncio::create_task(async move { Ok::<_, Error>(shared.lock().await.next().await) });
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    sender.try_send("still here").unwrap();
    assert_eq!(receiver.lock().await.next().await, Some("still here"));
}

#[asyncio::test(virtual_time)]
async fn foreign_joins_poll_what_is_ours() {
    let began = asyncio::get_running_loop().unwrap().time();
    let task = asyncio::create_task(async {
        asyncio::sleep(millis(30)).await;
        Ok::<_, Error>(1)
    });
    let (_, one) = join(asyncio::sleep(millis(20)), task.into_future()).await;
    assert_eq!(one.unwrap(), 1);
    let sleeps = (1..=10).map(|number| async move {
        asyncio::sleep(millis(number)).await;
        number
    });
    assert_eq!(join_all(sleeps).await.iter().sum::<u64>(), 55);
    assert_eq!(asyncio::get_running_loop().unwrap().time() - began, millis(40));
}

#[asyncio::test(virtual_time)]
async fn futures_unordered_gives_ours_in_the_order_of_their_ends() {
    let mut all: FuturesUnordered<_> = [30, 10, 20]
        .into_iter()
        .map(|delay| {
            asyncio::create_task(async move {
                asyncio::sleep(millis(delay)).await;
                Ok::<_, Error>(delay)
            })
            .into_future()
        })
        .collect();
    let mut order = Vec::new();
    while let Some(delay) = all.next().await {
        order.push(delay.unwrap());
    }
    assert_eq!(order, [10, 20, 30]);
}

#[asyncio::test(virtual_time)]
async fn a_foreign_select_drops_the_loser_and_its_timer() {
    let began = asyncio::get_running_loop().unwrap().time();
    let (quick, slow) = (asyncio::sleep(millis(1)), asyncio::sleep(HOUR));
    pin_mut!(quick, slow);
    assert!(matches!(select(quick, slow).await, Either::Left(_)));
    tick().await;
    assert_eq!(asyncio::get_running_loop().unwrap().time() - began, millis(1));
}

/// Sleeps, and cleans up for as long as it is told.
#[asyncio::coroutine]
async fn branch(journal: Journal, name: &'static str, clean_up: Duration) {
    asyncio::finally! {
        asyncio::sleep(clean_up).await;
        journal.note(format!("{name} cleaned up"));
    }
    let _local = Dropped::noted(&journal, name);
    asyncio::sleep(HOUR).await;
}

async fn cancelled(task: asyncio::Task<()>) {
    ticks(2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn under_a_foreign_join_the_branches_clean_up_one_after_the_other() {
    // Each boundary takes the mark, cleans up and puts it back, for the next one to find.
    let reports = Reports::here();
    let journal = Journal::default();
    let (one, two) = (journal.clone(), journal.clone());
    let task = asyncio::create_task(async move {
        join(branch(one, "one", millis(5)), branch(two, "two", millis(5))).await;
    });
    let began = asyncio::get_running_loop().unwrap().time();
    cancelled(task).await;
    assert_eq!(journal.entries(), ["one", "one cleaned up", "two", "two cleaned up"]);
    assert_eq!(asyncio::get_running_loop().unwrap().time() - began, millis(10));
    assert!(reports.all().is_empty());
}

#[asyncio::test(virtual_time)]
async fn a_branch_before_one_that_cleans_up_goes_on_until_the_task_leaves() {
    let journal = Journal::default();
    let (notes, other) = (journal.clone(), journal.clone());
    let task = asyncio::create_task(async move {
        let ticking = async move {
            loop {
                asyncio::sleep(millis(2)).await;
                notes.note("tick");
            }
        };
        join(branch(other, "one", millis(5)), ticking.map(|never: std::convert::Infallible| match never {})).await;
    });
    cancelled(task).await;
    assert_eq!(journal.entries(), ["one", "tick", "tick", "one cleaned up"]);
}

#[asyncio::test(virtual_time)]
async fn under_futures_unordered_branches_that_are_not_polled_are_dropped_and_reported() {
    let reports = Reports::here();
    let journal = Journal::default();
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        let mut all: FuturesUnordered<_> =
            ["one", "two"].into_iter().map(|name| branch(notes.clone(), name, millis(5))).collect();
        while all.next().await.is_some() {}
    });
    cancelled(task).await;
    let mut entries = journal.entries();
    entries.sort();
    assert_eq!(entries, ["one", "two"], "destructors ran, clean-up did not");
    assert_eq!(reports.messages(), [LOST_CLEAN_UP; 2]);
}

#[asyncio::test(virtual_time)]
async fn a_foreign_timeout_that_drops_a_guarded_body_is_reported() {
    let reports = Reports::here();
    let journal = Journal::default();
    futures_lite::future::or(branch(journal.clone(), "one", millis(5)), asyncio::sleep(millis(1))).await;
    assert_eq!(journal.entries(), ["one"]);
    assert_eq!(reports.one().message, LOST_CLEAN_UP);
}

#[asyncio::test(virtual_time)]
async fn a_cancel_under_a_foreign_join_of_tasks_reaches_all_that_are_awaited() {
    let journal = Journal::default();
    let tasks = ["one", "two"].map(|name| asyncio::create_task(branch(journal.clone(), name, millis(5))));
    let [one, two] = tasks;
    let handles = [one.as_any(), two.as_any()];
    let task = asyncio::create_task(async move {
        drop(join(one.into_future(), two.into_future()).await);
    });
    cancelled(task).await;
    // The last one that was polled is asked first; its end marks the task, and the other one is let go.
    assert_eq!(handles.iter().filter(|task| task.cancelled()).count(), 1);
    assert!(journal.entries().contains(&"two cleaned up".to_owned()));
}

#[asyncio::test]
async fn code_of_the_futures_crates_starts_tasks_here() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let journal = Journal::default();
    let notes = journal.clone();
    event_loop.spawn_local(async move { notes.note("spawned") }).unwrap();
    let value = event_loop.spawn_local_with_handle(async { 5 }).unwrap().await;
    assert_eq!((value, journal.entries()), (5, vec!["spawned".to_owned()]));
}

#[asyncio::test(timeout = "20s")]
async fn code_of_the_futures_crates_starts_tasks_from_other_threads() {
    let handle = asyncio::get_running_loop().unwrap().handle();
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let task = async move { sender.send(asyncio::current_task().unwrap().is_some()).unwrap() };
        handle.spawn(task).unwrap();
    });
    assert!(receiver.await.unwrap());
}

#[test]
fn a_closed_loop_refuses_what_the_futures_crates_spawn() {
    let event_loop = asyncio::new_event_loop().unwrap();
    let handle = event_loop.handle();
    event_loop.close().unwrap();
    assert!(event_loop.spawn_local(async {}).unwrap_err().is_shutdown());
    assert!(handle.spawn(async {}).unwrap_err().is_shutdown());
}

#[asyncio::test(virtual_time)]
async fn a_current_task_and_its_cell_are_right_under_a_foreign_executor_step() {
    // A sub-executor polls with wakers of its own; what is ours stays registered with this task.
    let this = me();
    let mut inner: FuturesUnordered<_> = (0..3)
        .map(|number| {
            let this = this.clone();
            async move {
                asyncio::sleep(millis(number)).await;
                assert_eq!(me(), this);
                Ok::<_, Error>(number)
            }
        })
        .collect();
    let mut sum = 0;
    while let Some(number) = inner.next().await {
        sum += number.unwrap();
    }
    assert_eq!(sum, 3);
}
