//! Scopes and groups that are dropped by hand, and what destructors may do.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use asyncio::{Error, Result, Scope, TaskGroup, catch_cancelled, scope, sleep};

use crate::support::reports::Reports;
use crate::support::tasks::{me, ticks};

const SECOND: Duration = Duration::from_secs(1);

/// Polls something for some ticks, and drops it.
async fn for_ticks<T>(number: u32, future: impl Future<Output = T>) {
    let mut future = pin!(future);
    for _ in 0..number {
        let ended = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        assert!(!ended, "it was to be dropped before its end");
        ticks(1).await;
    }
}

async fn stays(error: Result<()>) -> Result<()> {
    catch_cancelled(sleep(9 * SECOND)).await.unwrap_err();
    sleep(9 * SECOND).await;
    error
}

#[asyncio::test(virtual_time)]
async fn a_scope_that_is_dropped_while_its_body_leaves_takes_its_request_back() {
    let reports = Reports::here();
    let dropped = scope(async |s| {
        s.spawn(async { Err::<(), _>(Error::value_error("child")) });
        stays(Ok(())).await
    });
    for_ticks(5, dropped).await;
    assert_eq!(me().cancelling(), 0);
    assert_eq!(reports.messages(), ["an error in a scope that was dropped instead of awaited"]);
    sleep(SECOND).await;
}

#[asyncio::test(virtual_time)]
async fn a_group_that_is_dropped_while_its_body_leaves_takes_its_request_back() {
    let reports = Reports::here();
    let dropped = TaskGroup::run(async |group| {
        group.create_task(async { Err::<(), _>(Error::value_error("child")) })?;
        stays(Ok(())).await
    });
    for_ticks(5, dropped).await;
    assert_eq!(me().cancelling(), 0);
    assert_eq!(reports.messages().len(), 1);
    sleep(SECOND).await;
}

/// Spawns a child in the scope when it is dropped.
struct Spawns(u32);

thread_local! {
    static SCOPE: RefCell<Option<Scope<'static>>> = const { RefCell::new(None) };
    static RAN: Cell<u32> = const { Cell::new(0) };
}

impl Drop for Spawns {
    fn drop(&mut self) {
        let scope = SCOPE.with_borrow(Clone::clone);
        if let Some(scope) = scope {
            let depth = self.0;
            drop(scope.spawn(async move {
                sleep(Duration::ZERO).await;
                RAN.set(RAN.get() + depth);
            }));
        }
    }
}

static NOTED: asyncio::ContextVar<std::sync::Arc<Spawns>> = asyncio::ContextVar::new("noted");

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_destructor_may_spawn_in_the_midst_of_a_spawn() -> Result<()> {
    let ended = Cell::new(0);
    let ended = std::rc::Rc::new(ended);
    let count = ended.clone();
    scope(async |s: &Scope<'static>| {
        SCOPE.set(Some(s.clone()));
        // What a child's context holds goes with the child, which the scope lets go of when it takes another one in.
        for _ in 0..200 {
            let token = NOTED.set(std::sync::Arc::new(Spawns(1)));
            let count = count.clone();
            drop(s.spawn(async move {
                sleep(Duration::ZERO).await;
                count.set(count.get() + 1);
            }));
            NOTED.reset(token).unwrap();
            ticks(3).await;
        }
        SCOPE.set(None);
        Ok(())
    })
    .await?;
    assert_eq!(ended.get(), 200);
    assert!(RAN.get() > 0, "some destructors ran in time");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_body_that_is_kept_from_ending_by_a_destructor_is_no_matter() -> Result<()> {
    // A child's own destructor spawns in its scope, at the end of its last step.
    struct Last<'s, 'env>(&'s Scope<'env>, &'env Cell<u32>);

    impl Drop for Last<'_, '_> {
        fn drop(&mut self) {
            let ran = self.1;
            drop(self.0.spawn(async move { ran.set(ran.get() + 1) }));
        }
    }

    let ran = Cell::new(0);
    scope(async |s| {
        let scope = s.clone();
        let ran = &ran;
        s.spawn(async move {
            let _last = Last(&scope, ran);
            sleep(Duration::ZERO).await;
        });
        Ok(())
    })
    .await?;
    assert_eq!(ran.get(), 1);
    Ok(())
}
