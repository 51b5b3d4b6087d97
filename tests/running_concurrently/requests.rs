//! `cancelling()` and `uncancel()` in the branches of `select!`: a branch that has lost takes back that, and no request of
//! the task's.

use std::time::Duration;

use asyncio::{Error, Result, catch_cancelled, create_task, sleep, timeout};

use crate::support::tasks::{HOUR, me, seconds, tick};

const SECOND: Duration = seconds(1);

/// Python's way to go on after a cancel: how many requests there were, and are.
async fn swallows() -> (usize, usize) {
    let caught = catch_cancelled(sleep(HOUR)).await;
    assert!(caught.is_err());
    (me().cancelling(), me().uncancel())
}

#[asyncio::test(virtual_time)]
async fn that_a_branch_has_lost_is_a_request_of_its_own() {
    let mut seen = None;
    asyncio::select! {
        () = sleep(SECOND) => {}
        () = async { seen = Some(swallows().await) } => unreachable!("it is later"),
    }
    assert_eq!(seen, Some((1, 0)));
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_loser_takes_no_request_of_the_task_back() {
    let task = create_task(async {
        assert!(catch_cancelled(sleep(HOUR)).await.is_err());
        let mut seen = None;
        asyncio::select! {
            () = sleep(SECOND) => {}
            () = async { seen = Some(swallows().await) } => {}
        }
        assert_eq!(seen, Some((2, 1)));
        Ok::<_, Error>(me().cancelling())
    });
    tick().await;
    task.cancel();
    assert_eq!(task.await.unwrap(), 1);
}

#[asyncio::test(virtual_time)]
async fn a_loser_that_goes_on_does_not_withdraw_what_the_winner_has_asked_for() {
    let task = create_task(async {
        asyncio::select! {
            () = async {
                sleep(SECOND).await;
                me().cancel();
            } => {}
            _ = swallows() => {}
        }
        sleep(HOUR).await;
    });
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_deadline_in_a_task_does_not_swallow_a_cancel_that_was_counted_before_a_loser_went_on() {
    let task = create_task(async {
        // Met, and not taken back.
        assert!(catch_cancelled(sleep(HOUR)).await.is_err());
        // This and the deadline come in one tick: the cancel is what counts.
        let task = me();
        asyncio::get_running_loop()?.call_later(2 * SECOND, move || assert!(task.cancel()))?;
        let limited = async {
            asyncio::select! {
                () = sleep(SECOND) => {}
                _ = swallows() => {}
            }
            sleep(HOUR).await;
            Ok::<_, Error>(())
        };
        let ended: Result<()> = timeout(2 * SECOND, limited).await;
        panic!("it went on: {ended:?}");
        #[expect(unreachable_code, reason = "it says what the block gives")]
        Ok::<_, Error>(())
    });
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_branch_that_catches_a_cancel_of_the_task_takes_it_back_for_both() {
    let task = create_task(async {
        let seen = asyncio::select! {
            seen = swallows() => seen,
            () = sleep(HOUR) => unreachable!("it is later"),
        };
        assert_eq!(seen, (1, 0));
        sleep(SECOND).await;
        Ok::<_, Error>(me().cancelling())
    });
    tick().await;
    task.cancel();
    assert_eq!(task.await.unwrap(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_branch_that_cancels_its_task_can_take_that_back() {
    asyncio::select! {
        () = async {
            me().cancel();
            assert_eq!((me().cancelling(), me().uncancel()), (1, 0));
            sleep(SECOND).await;
        } => {}
        () = sleep(HOUR) => unreachable!("it is later"),
    }
    assert_eq!(me().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_deadline_in_a_branch_is_its_own_whoever_wins() {
    let (mut inner, began) = (None, asyncio::get_running_loop().unwrap().time());
    asyncio::select! {
        () = async {
            inner = Some(timeout(SECOND, sleep(HOUR)).await.is_err());
            assert_eq!(me().cancelling(), 0);
            sleep(HOUR).await;
        } => {}
        () = sleep(3 * SECOND) => {}
    }
    assert_eq!(inner, Some(true));
    assert_eq!(asyncio::get_running_loop().unwrap().time() - began, 3 * SECOND);
    let mut seen = None;
    asyncio::select! {
        () = sleep(SECOND) => {}
        // It loses while it is under a deadline that has not come.
        () = async {
            let under_deadline = async { seen = Some(swallows().await) };
            timeout(HOUR, under_deadline).await.unwrap();
        } => {}
    }
    assert_eq!((seen, me().cancelling()), (Some((1, 0)), 0));
}
