//! Each wait is cancelled in its three moments: before its first poll, while it is suspended, and in each tick from
//! that in which what it waits for happens to that in which it is over.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::assert_no_leaks;
use asyncio::{
    BoundedSemaphore, Condition, Error, Future, LifoQueue, PriorityQueue, Queue, Result, TaskGroup, Timeout,
    as_completed, catch_cancelled, create_task, gather, scope, shield, sleep, staggered_race, timeout, timeout_at,
    wait, wait_for,
};
use futures_lite::StreamExt;

use crate::support::net::running;
use crate::support::tasks::{HOUR, ticks};

/// What a wait waits for, and who is inside.
#[derive(Clone)]
struct Gate {
    opens: Future<()>,
    inside: Rc<Cell<usize>>,
}

impl Gate {
    fn new() -> Self {
        Self { opens: running().create_future(), inside: Rc::default() }
    }

    /// Waits in front of the gate.
    async fn pass(self) -> Result<u32> {
        self.inside.set(self.inside.get() + 1);
        let passed = catch_cancelled(self.opens).await;
        self.inside.set(self.inside.get() - 1);
        passed??;
        Ok(7)
    }

    fn open(&self) {
        // It is cancelled where a wait handed its cancel on.
        let _ = self.opens.set_result(());
    }
}

/// A cancel at some tick after the gate has opened; `None`: it stays closed, and nothing happens before the cancel.
#[derive(Clone, Copy, Debug)]
enum Moment {
    BeforeTheFirstPoll,
    Suspended,
    AfterTheGateOpened { ticks: usize },
}

/// Cancels a wait in one moment; true if that was in time.
async fn cancelled_in<F>(moment: Moment, wait: &impl Fn(Gate) -> F) -> bool
where
    F: std::future::Future<Output = Result<()>> + 'static,
{
    let gate = Gate::new();
    let went_on = Rc::new(Cell::new(false));
    let (waited, sign) = (wait(gate.clone()), went_on.clone());
    let task = create_task(async move {
        waited.await?;
        sign.set(true);
        Ok::<_, Error>(())
    });
    match moment {
        Moment::BeforeTheFirstPoll => {}
        Moment::Suspended => ticks(9).await,
        Moment::AfterTheGateOpened { ticks: number } => {
            ticks(9).await;
            gate.open();
            ticks(number).await;
        }
    }
    let in_time = task.cancel();
    let outcome = task.await;
    assert_eq!(outcome.is_err_and(|error| error.is_cancelled()), in_time, "{moment:?}");
    assert_eq!(went_on.get(), !in_time, "{moment:?}");
    // What goes on without the waiter may end now.
    gate.open();
    ticks(9).await;
    assert_eq!(gate.inside.get(), 0, "{moment:?}: somebody waits for ever");
    assert_eq!(Rc::strong_count(&gate.inside), 1, "{moment:?}: something was not dropped");
    in_time
}

async fn cancelled_in_its_three_moments<F>(wait: impl Fn(Gate) -> F)
where
    F: std::future::Future<Output = Result<()>> + 'static,
{
    assert_no_leaks(async {
        assert!(cancelled_in(Moment::BeforeTheFirstPoll, &wait).await);
        assert!(cancelled_in(Moment::Suspended, &wait).await);
        let mut in_time = 0;
        while cancelled_in(Moment::AfterTheGateOpened { ticks: in_time }, &wait).await {
            in_time += 1;
        }
        assert!(in_time > 0, "it is not over in the tick in which the gate opens");
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn gather_in_its_three_forms() {
    cancelled_in_its_three_moments(|gate| async {
        assert_eq!(gather([gate.clone().pass(), gate.pass()]).await?, [7, 7]);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        let results = gather([gate.clone().pass(), gate.pass()]).return_exceptions().await;
        assert!(results.iter().all(Result::is_ok));
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        let text = async { Ok::<_, Error>("text") };
        assert_eq!(asyncio::gather!(gate.pass(), text).await?, (7, "text"));
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn wait_and_as_completed_which_cancel_nothing() {
    cancelled_in_its_three_moments(|gate| async {
        let tasks = [create_task(gate.clone().pass()), create_task(gate.pass())];
        assert_eq!(wait(&tasks).timeout(HOUR).await?.0.len(), 2);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        // CPython: test_tasks.test_as_completed_coroutine_use_running_loop
        let mut ended = as_completed([gate.pass()]).timeout(HOUR);
        assert_eq!(ended.next().await.expect("one was passed")?.into_result()?, 7);
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn a_staggered_race() {
    cancelled_in_its_three_moments(|gate| async {
        let other = gate.clone();
        let starts: [Box<dyn FnOnce() -> _>; 2] = [Box::new(move || gate.pass()), Box::new(move || other.pass())];
        assert_eq!(staggered_race(starts, Duration::ZERO).await?.winner, Some((7, 0)));
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn groups_of_tasks() {
    cancelled_in_its_three_moments(|gate| {
        TaskGroup::run(async |group| {
            group.create_task(gate.pass())?;
            Ok(())
        })
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        let group = TaskGroup::new()?;
        group.create_task(gate.pass())?;
        group.wait().await
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn scopes_and_their_children() {
    cancelled_in_its_three_moments(|gate| {
        scope(async |s| {
            s.spawn(gate.pass());
            Ok(())
        })
    })
    .await;
    cancelled_in_its_three_moments(|gate| {
        scope(async |s| {
            assert_eq!(s.spawn(gate.pass()).await?, 7);
            Ok(())
        })
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn select_with_a_loser_of_each_kind() {
    cancelled_in_its_three_moments(|gate| async {
        let mut kept = Box::pin(sleep(HOUR));
        let value = asyncio::select! {
            value = gate.pass() => value?,
            keep () = &mut kept => panic!("an hour has not passed"),
            () = sleep(HOUR) => panic!("an hour has not passed"),
        };
        assert_eq!(value, 7);
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn a_shield() {
    cancelled_in_its_three_moments(|gate| async {
        assert_eq!(shield(gate.pass()).await?, 7);
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn deadlines() {
    cancelled_in_its_three_moments(|gate| async {
        assert_eq!(timeout(HOUR, gate.pass()).await?, 7);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        assert_eq!(timeout_at(running().time() + HOUR, gate.pass()).await?, 7);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        assert_eq!(Timeout::new(None).run(gate.pass()).await?, 7);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        assert_eq!(wait_for(create_task(gate.pass()), HOUR).await?, 7);
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn tasks_and_futures_themselves() {
    cancelled_in_its_three_moments(|gate| async {
        assert_eq!(create_task(gate.pass()).await?, 7);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        let task = create_task(gate.pass());
        assert_eq!((&task).await?, 7);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async { gate.opens.await }).await;
}

/// Does something once the gate is open, in a task of its own.
fn once_open(gate: Gate, then: impl std::future::Future<Output = Result<()>> + 'static) {
    drop(create_task(async move {
        gate.pass().await?;
        then.await
    }));
}

#[asyncio::test(virtual_time)]
async fn queues_of_each_kind_and_their_streams() {
    cancelled_in_its_three_moments(|gate| async {
        let queue = PriorityQueue::new();
        let putter = queue.clone();
        once_open(gate, async move { Ok(putter.put(1).await?) });
        assert_eq!(queue.get().await?, 1);
        Ok(())
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        let queue = LifoQueue::with_maxsize(1);
        queue.put(1).await?;
        let getter = queue.clone();
        once_open(gate, async move { getter.get().await.map(drop) });
        Ok(queue.put(2).await?)
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        let queue = Queue::new();
        let putter = queue.clone();
        once_open(gate, async move { Ok(putter.put(1).await?) });
        assert_eq!(queue.stream()?.next().await, Some(1));
        Ok(())
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn a_bounded_semaphore_and_a_condition_with_a_predicate() {
    cancelled_in_its_three_moments(|gate| async {
        let semaphore = BoundedSemaphore::new(1);
        let held = semaphore.hold().await?;
        once_open(gate, async move {
            drop(held);
            Ok(())
        });
        semaphore.acquire().await?;
        semaphore.release()
    })
    .await;
    cancelled_in_its_three_moments(|gate| async {
        let (condition, ready) = (Condition::new(), Rc::new(Cell::new(false)));
        let (notifier, sign) = (condition.clone(), ready.clone());
        once_open(gate, async move {
            let _held = notifier.hold().await?;
            sign.set(true);
            notifier.notify_all()
        });
        let _held = condition.hold().await?;
        condition.wait_for(|| ready.get()).await.map(drop)
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn a_sleep_whose_time_comes_in_the_tick_of_its_cancel() {
    // Its gate is the time: a timer before its own, and one after it.
    for cancel_first in [true, false] {
        let went_on = Rc::new(Cell::new(false));
        let sign = went_on.clone();
        let sleeper = create_task(async move {
            sleep(HOUR).await;
            sign.set(true);
        });
        let doomed = sleeper.as_any();
        if !cancel_first {
            ticks(1).await;
        }
        // The timer of a sleep wakes the task itself, so a cancel that comes after it is too late.
        running().call_later(HOUR, move || assert_eq!(doomed.cancel(), cancel_first)).unwrap();
        assert_eq!(sleeper.await.is_err(), cancel_first);
        assert_eq!(went_on.get(), !cancel_first);
    }
    let sleeper = create_task(sleep(HOUR));
    sleeper.cancel();
    assert!(sleeper.await.unwrap_err().is_cancelled());
}
