//! A child that cancels the task around its scope: it does so in that task's own step, after the body was polled.

use std::cell::Cell;
use std::time::Duration;

use asyncio::{Error, Result, catch_cancelled, create_task, scope, sleep, with_cleanup};

use crate::support::tasks::me;

const SECOND: Duration = Duration::from_secs(1);

/// Waits for long, and takes a second to clean up.
async fn tidy(cleaned: &Cell<u32>) {
    let mut state = cleaned;
    let wait = async |_: &mut &Cell<u32>| sleep(9 * SECOND).await;
    with_cleanup(&mut state, wait, async |cleaned| {
        sleep(SECOND).await;
        cleaned.set(cleaned.get() + 1);
    })
    .await;
}

#[asyncio::test(virtual_time, seeds = 5)]
async fn the_body_and_the_other_children_clean_up() {
    let cleaned = std::rc::Rc::new(Cell::new(0));
    let count = cleaned.clone();
    let task = create_task(async move {
        let (parent, count) = (me(), &*count);
        scope(async |s| {
            s.spawn(tidy(count));
            s.spawn(async {
                sleep(SECOND).await;
                parent.cancel_with("from a child");
            });
            tidy(count).await;
            Ok(())
        })
        .await
    });
    let error = task.await.unwrap_err();
    assert!(matches!(&error, Error::CancelledError(error) if error.message() == Some("from a child")), "{error}");
    assert_eq!(cleaned.get(), 2);
}

#[asyncio::test(virtual_time)]
async fn a_body_that_catches_it_goes_on() -> Result<()> {
    let parent = me();
    scope(async |s| {
        let child = s.spawn(async {
            sleep(SECOND).await;
            parent.cancel();
            sleep(SECOND).await;
            Ok::<_, Error>(7)
        });
        assert!(catch_cancelled(sleep(9 * SECOND)).await.is_err());
        parent.uncancel();
        assert_eq!(child.await?, 7);
        Ok(())
    })
    .await
}

#[asyncio::test(virtual_time)]
async fn a_task_that_the_body_awaits_is_cancelled_and_waited_for() {
    let cleaned = std::rc::Rc::new(Cell::new(0));
    let count = cleaned.clone();
    let outer = create_task(async move {
        let parent = me();
        let awaited = create_task(async move { tidy(&count).await });
        scope(async |s| {
            s.spawn(async {
                sleep(SECOND).await;
                parent.cancel();
            });
            awaited.await
        })
        .await
    });
    assert!(outer.await.unwrap_err().is_cancelled());
    assert_eq!(cleaned.get(), 1);
}

#[asyncio::test(virtual_time)]
async fn scopes_in_scopes_and_in_branches_clean_up_as_well() {
    let cleaned = std::rc::Rc::new(Cell::new(0));
    let count = cleaned.clone();
    let outer = create_task(async move {
        let (parent, count) = (me(), &*count);
        asyncio::select! {
            ended = scope(async |s| {
                s.spawn(tidy(count));
                scope(async |inner| {
                    inner.spawn(tidy(count));
                    inner.spawn(async {
                        sleep(SECOND).await;
                        parent.cancel();
                    });
                    tidy(count).await;
                    Ok(())
                }).await
            }) => ended,
            () = tidy(count) => Ok(()),
        }
    });
    assert!(outer.await.unwrap_err().is_cancelled());
    assert_eq!(cleaned.get(), 4);
}
