//! How scopes end: by errors, panics and cancels.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use asyncio::{Error, Result, catch_cancelled, create_task, scope, sleep, timeout};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

/// Panics, which the compiler does not see.
async fn panics(what: &str) {
    assert!(what.is_empty(), "{what}");
}

async fn fail(seconds: u32, what: &'static str) -> Result<()> {
    sleep(SECOND * seconds).await;
    Err(Error::value_error(what))
}

#[asyncio::test(virtual_time)]
async fn a_failing_child_cancels_the_others_and_the_body() {
    let log = RefCell::new(Vec::new());
    let error = scope(async |s| {
        s.spawn(async {
            let left = catch_cancelled(sleep(9 * SECOND)).await;
            log.borrow_mut().push(("sibling", left.is_err()));
        });
        s.spawn(fail(1, "child"));
        let left = catch_cancelled(sleep(9 * SECOND)).await;
        log.borrow_mut().push(("body", left.is_err()));
        Ok(())
    })
    .await
    .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("unhandled errors in a scope") && text.contains("child"), "{text}");
    let mut log = log.into_inner();
    log.sort_unstable();
    assert_eq!(log, [("body", true), ("sibling", true)]);
    assert_eq!(asyncio::current_task().unwrap().unwrap().cancelling(), 0);
}

#[asyncio::test(virtual_time)]
async fn a_failing_body_cancels_the_children() {
    let left = Cell::new(false);
    let error = scope(async |s| {
        s.spawn(async { left.set(catch_cancelled(sleep(9 * SECOND)).await.is_err()) });
        sleep(SECOND).await;
        Err::<(), _>(Error::value_error("body"))
    })
    .await
    .unwrap_err();
    assert!(left.get() && error.to_string().contains("body"));
}

#[asyncio::test(virtual_time)]
async fn a_child_that_panics_fails_the_scope() {
    let error = scope(async |s| {
        s.spawn(panics("in a child"));
        sleep(9 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap_err();
    assert!(error.to_string().contains("in a child"), "{error}");
}

#[asyncio::test(virtual_time)]
async fn a_cancel_of_the_parent_reaches_all_children_whose_clean_up_is_awaited() {
    let cleaned = std::rc::Rc::new(Cell::new(0));
    let count = cleaned.clone();
    let task = create_task(async move {
        let count = &*count;
        scope(async |s| {
            for _ in 0..3 {
                s.spawn(async {
                    if catch_cancelled(sleep(9 * SECOND)).await.is_err() {
                        sleep(SECOND).await;
                        count.set(count.get() + 1);
                    }
                });
            }
            Ok(())
        })
        .await
    });
    sleep(SECOND).await;
    let began = running().time();
    task.cancel_with("all of you");
    let error = task.await.unwrap_err();
    assert!(matches!(&error, Error::CancelledError(error) if error.message() == Some("all of you")), "{error}");
    assert_eq!((cleaned.get(), running().time() - began), (3, SECOND));
}

#[asyncio::test(virtual_time)]
async fn a_cancel_while_the_body_awaits_a_child_goes_through_the_child() {
    let task = create_task(async {
        scope(async |s| {
            let child = s.spawn(sleep(9 * SECOND));
            child.await
        })
        .await
    });
    sleep(SECOND).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_timeout_around_a_scope_ends_it() {
    let error = timeout(
        SECOND,
        scope(async |s| {
            s.spawn(sleep(9 * SECOND));
            Ok(())
        }),
    )
    .await
    .unwrap_err();
    assert!(error.is_timeout());
}

#[asyncio::test(virtual_time)]
async fn a_timeout_inside_of_a_child_is_its_own_affair() -> Result<()> {
    scope(async |s| {
        let child = s.spawn(async {
            assert!(timeout(SECOND, sleep(9 * SECOND)).await.unwrap_err().is_timeout());
            Ok::<_, Error>(1)
        });
        assert_eq!(child.await?, 1);
        Ok(())
    })
    .await
}

#[test]
fn a_loop_that_is_closed_drops_scope_and_children_in_order() {
    struct Guard(std::rc::Rc<RefCell<Vec<&'static str>>>, &'static str);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.borrow_mut().push(self.1);
        }
    }

    let log = std::rc::Rc::new(RefCell::new(Vec::new()));
    let event_loop = asyncio::EventLoop::new().unwrap();
    let reports = log.clone();
    event_loop.set_exception_handler(move |_, context| {
        assert_eq!(context.message(), "Task was destroyed but it is pending!");
        reports.borrow_mut().push("report");
    });
    let inside = log.clone();
    let task = event_loop
        .create_task(async move {
            let borrowed = Guard(inside.clone(), "borrowed");
            let borrowed = &borrowed;
            scope(async |s| {
                let child = Guard(inside.clone(), "child");
                s.spawn(async move {
                    let _child = child;
                    sleep(SECOND).await;
                    let _ = borrowed;
                });
                sleep(SECOND).await;
                Ok(())
            })
            .await
        })
        .unwrap();
    event_loop.run_until_complete(sleep(Duration::ZERO)).unwrap();
    event_loop.close().unwrap();
    drop(task);
    assert_eq!(*log.borrow(), ["report", "child", "borrowed"]);
}
