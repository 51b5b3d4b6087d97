//! Branches of `select!` that are kept: what becomes of cancels while they go from one `select!` to the next.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use asyncio::{Error, catch_cancelled, create_task, sleep, timeout, with_cleanup};

const SECOND: Duration = Duration::from_secs(1);

#[asyncio::test(virtual_time)]
async fn a_deadline_that_passed_in_one_select_is_an_error_in_a_later_one() {
    let slow = create_task(async {
        assert!(catch_cancelled(sleep(99 * SECOND)).await.is_err());
        sleep(5 * SECOND).await;
        asyncio::current_task()?.unwrap().cancel();
        sleep(99 * SECOND).await;
        Ok::<_, Error>(())
    });
    let mut work = pin!(timeout(SECOND, slow));
    let error = loop {
        asyncio::select! {
            keep ended = &mut work => break ended.unwrap_err(),
            () = sleep(SECOND / 2) => {}
        }
    };
    assert!(error.is_timeout(), "{error}");
}

async fn slow_to_leave() {
    let mut state = ();
    with_cleanup(&mut state, async |_: &mut ()| sleep(9 * SECOND).await, async |_| sleep(SECOND).await).await;
}

#[asyncio::test(virtual_time)]
async fn a_cancel_after_the_decision_leaves_it_to_the_arm() {
    let ended = std::rc::Rc::new(Cell::new(false));
    let note = ended.clone();
    let task = create_task(async move {
        let mut work = pin!(timeout(99 * SECOND, async {
            let cancelled = catch_cancelled(sleep(50 * SECOND)).await;
            note.set(true);
            cancelled.map_err(Error::from)
        }));
        loop {
            asyncio::select! {
                keep ended = &mut work => break ended,
                () = sleep(SECOND) => {}
                () = slow_to_leave() => {}
            }
        }
    });
    sleep(SECOND + SECOND / 2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(ended.get());
}

#[asyncio::test(virtual_time)]
async fn one_that_has_left_can_be_polled_again() {
    let task = create_task(async move {
        let mut work = pin!(timeout(99 * SECOND, sleep(50 * SECOND)));
        for catches in [true, false] {
            asyncio::select! {
                keep ended = &mut work => return ended,
                () = async {
                    let cancelled = catch_cancelled(sleep(9 * SECOND)).await;
                    if !catches {
                        drop(cancelled);
                        sleep(SECOND).await;
                    }
                } => {}
            }
        }
        Ok(())
    });
    sleep(SECOND).await;
    task.cancel();
    task.await.expect("a branch caught the cancel, and to poll what has left is no mistake");
}

/// Cancels the whole task in each of its clean-ups.
async fn rude(depth: u32) {
    let mut state = ();
    with_cleanup(
        &mut state,
        async |_: &mut ()| sleep(9 * SECOND).await,
        async |_| {
            asyncio::current_task().unwrap().expect("in a task").cancel();
            if depth > 1 {
                Box::pin(rude(depth - 1)).await;
            }
        },
    )
    .await;
}

/// Has clean-ups within clean-ups, and counts the innermost.
async fn polite(depth: u32, count: &Cell<u32>) {
    let mut state = ();
    with_cleanup(
        &mut state,
        async |_: &mut ()| sleep(9 * SECOND).await,
        async |_| {
            if depth > 1 {
                Box::pin(polite(depth - 1, count)).await;
            } else {
                count.set(count.get() + 1);
            }
        },
    )
    .await;
}

#[asyncio::test(virtual_time)]
async fn clean_ups_that_cancel_their_own_task_again_do_not_end_those_of_other_branches() {
    let cleaned = std::rc::Rc::new(Cell::new(0));
    let count = cleaned.clone();
    let task = create_task(async move {
        asyncio::select! {
            () = rude(2) => {}
            () = polite(3, &count) => {}
        }
    });
    sleep(SECOND).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(cleaned.get(), 1);
}
