//! What children may borrow, and that nothing outlives it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use asyncio::{Error, Result, scope, sleep};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

/// Panics, which the compiler does not see.
async fn panics(what: &str) {
    assert!(what.is_empty(), "{what}");
}

async fn fetch(url: &str) -> Result<usize> {
    sleep(SECOND * url.len() as u32).await;
    Ok(url.len())
}

#[asyncio::test(virtual_time)]
async fn children_borrow_from_the_function_around_them_and_run_beside_each_other() -> Result<()> {
    let urls = vec!["a".to_owned(), "bbb".to_owned(), "cc".to_owned()];
    let total = Cell::new(0);
    let began = running().time();
    scope(async |s| {
        for url in &urls {
            s.spawn(async {
                let length = fetch(url).await?;
                total.set(total.get() + length);
                Ok::<_, Error>(())
            });
        }
        Ok(())
    })
    .await?;
    assert_eq!((total.get(), running().time() - began), (6, 3 * SECOND));
    drop(urls);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_childs_result_may_borrow_too() -> Result<()> {
    let text = String::from("one two");
    let longest = scope(async |s| {
        let words: Vec<_> = text.split(' ').map(|word| s.spawn(async move { Ok::<_, Error>(word) })).collect();
        let mut longest = "";
        for word in words {
            let word = word.await?;
            if word.len() > longest.len() {
                longest = word;
            }
        }
        Ok(longest)
    })
    .await?;
    assert!(std::ptr::eq(longest, &raw const text[..3]), "it is a piece of the text itself");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_child_may_borrow_mutably_and_give_back() -> Result<()> {
    let (mut left, mut right) = (vec![1], vec![2]);
    scope(async |s| {
        s.spawn(async { left.push(3) });
        s.spawn(async { right.push(4) });
        Ok(())
    })
    .await?;
    assert_eq!((left, right), (vec![1, 3], vec![2, 4]));
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_child_spawns_others_through_a_clone_of_the_scope() -> Result<()> {
    let log = RefCell::new(Vec::new());
    scope(async |s| {
        let inner = s.clone();
        let log = &log;
        s.spawn(async move {
            for n in 0..3 {
                inner.spawn(async move { log.borrow_mut().push(n) });
            }
        });
        Ok(())
    })
    .await?;
    assert_eq!(*log.borrow(), [0, 1, 2]);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn scopes_nest() -> Result<()> {
    let base = 1;
    let sum = scope(async |outer| {
        let one = outer.spawn(scope(async |inner| {
            let two = inner.spawn(async {
                sleep(SECOND).await;
                Ok::<_, Error>(base + 1)
            });
            two.await
        }));
        let three = outer.spawn(async { Ok::<_, Error>(base + 2) });
        Ok(one.await? + three.await?)
    })
    .await?;
    assert_eq!(sum, 5);
    Ok(())
}

/// Counts how often it is dropped.
struct Guard<'a>(&'a Cell<u32>);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[asyncio::test(virtual_time)]
async fn a_scope_that_is_dropped_drops_its_children_with_it() {
    let (dropped, polled) = (Cell::new(0), Cell::new(0));
    let mut whole = Box::pin(scope(async |s| {
        for _ in 0..3 {
            s.spawn(async {
                let _guard = Guard(&dropped);
                loop {
                    polled.set(polled.get() + 1);
                    sleep(SECOND).await;
                }
                #[expect(unreachable_code, reason = "it says what a child gives")]
                Ok::<(), Error>(())
            });
        }
        sleep(9 * SECOND).await;
        Ok(())
    }));
    asyncio::select! {
        keep _ = &mut whole => panic!("its children never end"),
        () = sleep(SECOND / 2) => {}
    }
    assert_eq!((dropped.get(), polled.get()), (0, 3));
    drop(whole);
    assert_eq!(dropped.get(), 3);
    sleep(3 * SECOND).await;
    assert_eq!(polled.get(), 3, "nothing of them runs any more");
    assert_eq!(running().all_tasks().len(), 1);
}

#[asyncio::test(virtual_time)]
async fn a_scope_that_is_leaked_keeps_its_borrows_and_runs_nothing_any_more() {
    let polled = Cell::new(0);
    {
        let mut whole = Box::pin(scope(async |s| {
            s.spawn(async {
                loop {
                    polled.set(polled.get() + 1);
                    sleep(SECOND).await;
                }
                #[expect(unreachable_code, reason = "it says what a child gives")]
                Ok::<(), Error>(())
            });
            Ok(())
        }));
        asyncio::select! {
            keep _ = &mut whole => panic!("its child never ends"),
            () = sleep(SECOND / 2) => {}
        }
        std::mem::forget(whole);
    }
    sleep(3 * SECOND).await;
    assert_eq!(polled.get(), 1);
    // Its task is still known, and cannot end any more: nobody polls it.
    let leaked = running()
        .all_tasks()
        .into_iter()
        .find(|task| !task.done() && *task != asyncio::current_task().unwrap().unwrap());
    leaked.unwrap().cancel();
    sleep(SECOND).await;
    assert_eq!(polled.get(), 1);
    running().set_exception_handler(|_, context| assert!(context.message().contains("pending")));
}

#[asyncio::test(virtual_time)]
async fn a_handle_that_is_kept_for_longer_spawns_nothing_and_says_so() -> Result<()> {
    let escaped = scope(async |s| Ok(s.clone())).await?;
    let reported = std::rc::Rc::new(Cell::new(false));
    let sign = reported.clone();
    running().set_exception_handler(move |_, context| {
        assert_eq!(context.message(), "a child of a scope that has ended never runs");
        assert_eq!(context.get_code(), Some("ASY0007"));
        sign.set(true);
    });
    let never = escaped.spawn(panics("it ran"));
    running().clear_exception_handler();
    assert!(reported.get() && never.cancelled());
    assert!(never.await.unwrap_err().is_cancelled());
    Ok(())
}
