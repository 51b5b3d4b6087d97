//! A cancel travels along what is awaited: through tasks, futures and chains of both.

use std::rc::Rc;

use asyncio::{Error, Future, Result, Task};
use futures::FutureExt;

use crate::support::journal::Journal;
use crate::support::tasks::{HOUR, me, millis, tick, ticks};

/// A task that sleeps, and takes its time to clean up.
#[asyncio::coroutine]
async fn worker(journal: Journal) -> Result<&'static str> {
    asyncio::finally! {
        asyncio::sleep(millis(5)).await;
        journal.note("worker cleaned up");
    }
    asyncio::sleep(HOUR).await;
    Ok("worked")
}

fn message(error: Error) -> Option<String> {
    match error {
        Error::CancelledError(error) => error.message().map(str::to_owned),
        other => panic!("{other:?}"),
    }
}

#[asyncio::test(virtual_time)]
async fn a_chain_of_tasks_ends_from_its_innermost_one_outwards() {
    // CPython: test_tasks.BaseTaskTests.test_yield_future_passes_cancel
    let journal = Journal::default();
    let notes = journal.clone();
    let outer = asyncio::create_task(async move {
        let middle = asyncio::create_task(async move { asyncio::create_task(worker(notes)).named("inner").await });
        middle.named("middle").await
    })
    .named("outer");
    ticks(4).await;
    for task in asyncio::all_tasks().unwrap() {
        let journal = journal.clone();
        task.add_done_callback(move |task| {
            journal.note(format!("{} cancelled: {}", task.get_name(), task.cancelled()))
        });
    }
    assert!(outer.cancel_with("closing time"));
    assert!(journal.entries().is_empty());
    assert_eq!(message(outer.await.unwrap_err()).as_deref(), Some("closing time"));
    tick().await;
    let expected = ["worker cleaned up", "inner cancelled: true", "middle cancelled: true", "outer cancelled: true"];
    assert_eq!(journal.entries(), expected);
}

#[asyncio::test(virtual_time)]
async fn an_inner_task_that_catches_it_keeps_the_whole_chain() {
    let inner = asyncio::create_task(async {
        let caught = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
        Ok::<_, Error>(caught.unwrap_err().message().unwrap_or_default().to_owned())
    });
    let outer = asyncio::create_task(async move {
        let value = inner.await?;
        tick().await;
        Ok::<_, Error>((value, me().cancelling()))
    });
    ticks(2).await;
    outer.cancel_with("please");
    assert_eq!(outer.await.unwrap(), ("please".to_owned(), 1), "the request was made, and came to nothing");
}

#[asyncio::test(virtual_time)]
async fn an_error_in_the_inner_one_s_clean_up_is_what_the_outer_one_gets() {
    let inner = asyncio::create_task(async {
        let _ = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await;
        Err::<(), _>(Error::value_error("broken clean-up"))
    });
    let outer = asyncio::create_task(async move {
        let outcome = inner.await;
        tick().await;
        outcome
    });
    ticks(2).await;
    outer.cancel();
    assert!(matches!(outer.await, Err(Error::ValueError(_))));
}

#[asyncio::test]
async fn the_inner_one_s_end_in_the_same_tick_is_the_outer_one_s_to_lose() {
    // The inner one is done when the cancel comes, and the outer one has not run since.
    let future = Future::new().unwrap();
    let wait = future.clone();
    let inner = Rc::new(asyncio::create_task(async move { wait.await }));
    let journal = Journal::default();
    let (awaited, notes) = (inner.clone(), journal.clone());
    let outer = asyncio::create_task(async move {
        let value = (&*awaited).await;
        notes.note(format!("{value:?}"));
        value
    });
    ticks(2).await;
    future.set_result("kept").unwrap();
    let ends = outer.as_any();
    // Runs after the inner one's last step, and before the outer one's.
    asyncio::get_running_loop().unwrap().call_soon(move || assert!(ends.cancel())).unwrap();
    assert!(outer.await.unwrap_err().is_cancelled());
    assert!(!inner.cancelled() && journal.entries().is_empty());
    assert_eq!(inner.result().unwrap(), "kept");
}

#[asyncio::test(virtual_time)]
async fn whoever_else_waits_for_the_inner_one_hears_of_it_as_a_value() {
    let inner = Rc::new(asyncio::create_task(asyncio::sleep(HOUR)));
    let other = inner.clone();
    let bystander = asyncio::create_task(async move {
        assert!((&*other).await.unwrap_err().is_cancelled());
        tick().await;
        Ok::<_, Error>("went on")
    });
    let awaited = inner.clone();
    let outer = asyncio::create_task(async move { (&*awaited).await });
    ticks(2).await;
    outer.cancel();
    assert!(outer.await.unwrap_err().is_cancelled());
    assert_eq!(bystander.await.unwrap(), "went on");
}

#[asyncio::test(virtual_time)]
async fn a_second_cancel_travels_the_same_way_and_interrupts_the_clean_up() {
    let journal = Journal::default();
    let inner = Rc::new(asyncio::create_task(worker(journal.clone())));
    let awaited = inner.clone();
    let outer = asyncio::create_task(async move { (&*awaited).await });
    ticks(2).await;
    outer.cancel();
    tick().await;
    assert!(!outer.done(), "the clean-up sleeps");
    outer.cancel();
    assert_eq!((inner.cancelling(), outer.cancelling()), (2, 2));
    assert!(outer.await.unwrap_err().is_cancelled());
    assert!(inner.cancelled() && journal.entries().is_empty());
}

#[asyncio::test(virtual_time)]
async fn uncancel_does_not_call_back_what_was_handed_on() {
    // As in Python: only a request that was not acted on is withdrawn, and the inner future is cancelled by then.
    let future = Future::<()>::new().unwrap();
    let inner = future.clone();
    let task = asyncio::create_task(async move { inner.await });
    tick().await;
    task.cancel();
    assert_eq!(task.uncancel(), 0);
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_request_of_a_running_task_cancels_what_it_awaits_next() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_awaited_task
    let future = Future::<()>::new().unwrap();
    let below = future.clone();
    let nested = Rc::new(asyncio::create_task(async move { below.await }));
    let awaited = nested.clone();
    let task = asyncio::create_task(async move {
        me().cancel_with("myself");
        (&*awaited).await
    });
    assert_eq!(message((&task).await.unwrap_err()).as_deref(), Some("myself"));
    assert!(task.cancelled() && nested.cancelled() && future.cancelled());
}

#[asyncio::test(virtual_time)]
async fn what_was_awaited_before_is_not_reached_any_more() {
    let journal = Journal::default();
    let former = Future::<()>::new().unwrap();
    let first = former.clone();
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        // Polled once, then left for something else.
        let timed = asyncio::timeout(millis(1), first).await;
        notes.note(format!("{}", timed.unwrap_err().is_timeout()));
        asyncio::sleep(HOUR).await;
    });
    journal.wait_for("true").await;
    let other = Future::<()>::new().unwrap();
    let wait = other.clone();
    let second = asyncio::create_task(async move {
        futures_lite::future::or(
            async {
                let _ = wait.await;
            },
            tick(),
        )
        .await;
        asyncio::sleep(HOUR).await;
    });
    ticks(3).await;
    task.cancel();
    second.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(second.await.unwrap_err().is_cancelled());
    assert!(!other.cancelled(), "it was let go of by hand, and nobody awaited it when the cancel came");
}

#[asyncio::test(virtual_time)]
async fn a_leaf_that_moves_to_another_task_leaves_nothing_behind() {
    let future = Future::<&str>::new().unwrap();
    let mut leaf = Box::pin(future.clone().into_future_leaf());
    let (sender, receiver) = std::sync::mpsc::channel();
    let first = asyncio::create_task(async move {
        assert!(futures_lite::future::poll_once(leaf.as_mut()).await.is_none());
        tick().await;
        sender.send(leaf).unwrap();
        asyncio::sleep(HOUR).await;
    });
    ticks(2).await;
    let leaf = receiver.recv().unwrap();
    let second = asyncio::create_task(leaf);
    tick().await;
    first.cancel();
    assert!(first.await.unwrap_err().is_cancelled());
    assert!(!future.cancelled(), "the first task does not await it any more");
    future.set_result("for the second").unwrap();
    assert_eq!(second.await.unwrap(), "for the second");
}

/// Spelled out, for the leaf to have a type that can be kept.
trait IntoLeaf {
    type Leaf;
    fn into_future_leaf(self) -> Self::Leaf;
}

impl<F: IntoFuture> IntoLeaf for F {
    type Leaf = F::IntoFuture;
    fn into_future_leaf(self) -> F::IntoFuture {
        self.into_future()
    }
}

#[asyncio::test(virtual_time)]
async fn a_shared_future_that_goes_on_elsewhere_does_not_take_the_cancel_with_it() {
    // In the step in which it was polled last it still counts as awaited: it is cancelled, and so is the task.
    for (steps, spared) in [(1, true), (0, false)] {
        let future = Future::<()>::new().unwrap();
        let shared = future.clone().into_future().shared();
        let (first, second) = (shared.clone(), shared);
        let leaves = asyncio::create_task(async move {
            // Polls what is shared first, and goes on without it.
            futures_lite::future::or(async { drop(first.await) }, ticks(2)).await;
            ticks(steps).await;
            asyncio::sleep(HOUR).await;
        });
        let stays = asyncio::create_task(second);
        ticks(6).await;
        leaves.cancel();
        ticks(2).await;
        assert!(leaves.cancelled(), "it sleeps, and what is shared is not its any more");
        assert_eq!(stays.done(), !spared);
        assert_eq!(future.set_result(()).is_ok(), spared);
        assert_eq!(stays.await.is_ok(), spared);
    }
}

#[asyncio::test(virtual_time)]
async fn a_request_that_was_handed_on_is_not_lost_with_what_is_let_go() {
    let journal = Journal::default();
    let inner = asyncio::create_task(worker(journal.clone()));
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        // The worker gets the request, and somebody else is ready before its clean-up is.
        futures_lite::future::or(async { drop(inner.await) }, asyncio::sleep(millis(2))).await;
        notes.note("went on");
        asyncio::sleep(HOUR).await;
        notes.note("never");
    });
    ticks(2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["went on"], "to its next await");
    journal.wait_for("worker cleaned up").await;
}

#[asyncio::test(virtual_time)]
async fn of_two_that_are_awaited_at_once_the_one_that_was_asked_answers() {
    let journal = Journal::default();
    let first = Future::<&str>::new().unwrap();
    let inner = asyncio::create_task(worker(journal.clone()));
    let (wait, notes) = (first.clone(), journal.clone());
    let task = asyncio::create_task(async move {
        let pair = futures_lite::future::zip(wait.into_future(), inner.into_future());
        let outcome = pair.await;
        notes.note(format!("never: {outcome:?}"));
    });
    ticks(2).await;
    task.cancel();
    // Comes before the worker has cleaned up, and is no answer to the request.
    first.set_result("a value").unwrap();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["worker cleaned up"]);
}

#[asyncio::test(virtual_time)]
async fn no_chain_of_tasks_is_too_long_to_be_cancelled() {
    // Told by recursion it would not fit the stack of a test's thread.
    const DEPTH: usize = 50_000;

    fn chain(depth: usize) -> Task<()> {
        asyncio::create_task(async move {
            match depth {
                0 => asyncio::sleep(HOUR).await,
                _ => chain(depth - 1).await?,
            }
            Ok::<_, Error>(())
        })
    }
    let outer = chain(DEPTH);
    ticks(DEPTH + 10).await;
    outer.cancel_with("all of you");
    assert_eq!(message(outer.await.unwrap_err()).as_deref(), Some("all of you"));
    assert_eq!(asyncio::all_tasks().unwrap(), [me()]);
}
