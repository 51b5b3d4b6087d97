//! Cancels at every possible point: a scenario runs again and again, and is cancelled one tick later each time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::assert_no_leaks;
use asyncio::{
    Error, Result, ReturnWhen, TaskGroup, as_completed, create_task, gather, scope, sleep, timeout, wait, with_cleanup,
};

const SECOND: Duration = Duration::from_secs(1);

/// What was begun and not ended in good order yet.
#[derive(Clone, Default)]
struct Open(Rc<Cell<i32>>);

impl Open {
    /// Some work with a clean-up that awaits.
    async fn work(&self, ticks: u32) -> Result<u32> {
        self.0.set(self.0.get() + 1);
        let mut open = self;
        let body = async |_: &mut &Self| {
            for _ in 0..ticks {
                sleep(Duration::ZERO).await;
            }
            ticks
        };
        let ticks = with_cleanup(&mut open, body, async |open| {
            open.0.set(open.0.get() - 1);
            // A cancel that comes now ends the clean-up, as in Python.
            sleep(Duration::ZERO).await;
        });
        Ok(ticks.await)
    }
}

/// Runs it once for each tick at which it can be cancelled, and once to its end.
async fn cancelled_at_every_tick<F>(scenario: impl Fn(Open) -> F)
where
    F: Future<Output = Result<()>> + 'static,
{
    for tick in 0.. {
        let open = Open::default();
        let ended = assert_no_leaks(async {
            let task = create_task(scenario(open.clone()));
            for _ in 0..tick {
                sleep(Duration::ZERO).await;
            }
            let in_time = task.cancel();
            let outcome = task.await;
            assert_eq!(in_time, outcome.as_ref().is_err_and(Error::is_cancelled), "tick {tick}: {outcome:?}");
            !in_time
        })
        .await;
        assert_eq!(open.0.get(), 0, "tick {tick}: a clean-up did not run");
        if ended {
            assert!(tick > 3, "it had something to be cancelled in");
            return;
        }
    }
}

#[asyncio::test(virtual_time, seeds = 10)]
async fn gather_survives() {
    cancelled_at_every_tick(|open| async move {
        let children = (1..4).map(|ticks| {
            let open = open.clone();
            async move { open.work(ticks).await }
        });
        assert_eq!(gather(children).await?, [1, 2, 3]);
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time, seeds = 10)]
async fn task_groups_survive() {
    cancelled_at_every_tick(|open| async move {
        TaskGroup::run(async |group| {
            for ticks in 1..4 {
                let open = open.clone();
                group.create_task(async move { open.work(ticks).await })?;
            }
            open.work(2).await?;
            Ok(())
        })
        .await
    })
    .await;
}

#[asyncio::test(virtual_time, seeds = 10)]
async fn scopes_survive() {
    cancelled_at_every_tick(|open| async move {
        scope(async |s| {
            for ticks in 1..4 {
                s.spawn(open.work(ticks));
            }
            let awaited = s.spawn(open.work(2));
            awaited.await?;
            Ok(())
        })
        .await
    })
    .await;
}

#[asyncio::test(virtual_time, seeds = 10)]
async fn select_survives() {
    cancelled_at_every_tick(|open| async move {
        asyncio::select! {
            ticks = open.work(3) => assert_eq!(ticks?, 3),
            ticks = open.work(5) => panic!("{ticks:?}"),
        }
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time, seeds = 10)]
async fn timeouts_around_awaited_tasks_survive() {
    cancelled_at_every_tick(|open| async move {
        let inner = create_task(async move { open.work(3).await });
        assert_eq!(timeout(SECOND, inner).await?, 3);
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time, seeds = 10)]
async fn wait_and_as_completed_survive() {
    // They cancel nothing, so the group does it.
    cancelled_at_every_tick(|open| async move {
        TaskGroup::run(async |group| {
            let tasks: Vec<_> = (1..4)
                .map(|ticks| {
                    let open = open.clone();
                    group.create_task(async move { open.work(ticks).await })
                })
                .collect::<Result<_>>()?;
            let (done, pending) = wait(tasks).return_when(ReturnWhen::FirstCompleted).await?;
            let mut rest = as_completed(done.into_iter().chain(pending));
            let mut sum = 0;
            while let Some(task) = rest.next().await {
                sum += task?.await?;
            }
            assert_eq!(sum, 6);
            Ok(())
        })
        .await
    })
    .await;
}
