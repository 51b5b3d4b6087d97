//! Coroutines inside of each other: however deep, whatever else was polled in the same step.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use asyncio::{AnyTask, Error, Event, Task};

use super::lines;
use crate::support::tasks::{HOUR, tick, ticks};

#[asyncio::coroutine]
async fn naps() {
    asyncio::sleep(HOUR).await;
}

#[asyncio::coroutine]
async fn waits_deeply(event: Event) -> Result<(), Error> {
    waits(event).await
}

#[asyncio::coroutine]
async fn waits(event: Event) -> Result<(), Error> {
    event.wait().await.map(drop)
}

/// The names of the coroutines and what the innermost waits for.
fn names(task: &AnyTask) -> Vec<String> {
    let name = |line: String| line.split_once("() called at ").map(|(name, _)| name.to_owned()).unwrap_or(line);
    lines(task).into_iter().map(name).collect()
}

#[asyncio::test(virtual_time)]
async fn of_more_coroutines_than_there_is_room_for_the_outermost_are_shown() {
    #[asyncio::coroutine]
    async fn sinks(further: u32) {
        if further > 0 {
            let deeper: Pin<Box<dyn Future<Output = ()>>> = Box::pin(sinks(further - 1));
            deeper.await;
        } else {
            naps().await;
        }
    }
    #[asyncio::coroutine]
    async fn starts(further: u32) {
        sinks(further).await;
    }
    for (further, shown) in [(10, 13), (189, 192), (1000, 192)] {
        let task = asyncio::create_task(starts(further));
        ticks(2).await;
        let names = names(&task);
        assert_eq!(names[0], "waits in sleep()");
        assert_eq!(names.len(), 1 + shown, "{names:?}");
        assert_eq!(names.last().unwrap(), "starts");
        assert_eq!(names.contains(&"naps".to_owned()), further < 1000);
    }
}

#[asyncio::test(virtual_time)]
async fn each_step_is_shown_as_deep_as_it_suspended() {
    let events: [Event; 3] = std::array::from_fn(|_| Event::new());
    #[asyncio::coroutine]
    async fn goes_on(events: [Event; 3]) -> Result<(), Error> {
        let [first, second, third] = events;
        waits_deeply(first).await?;
        waits(second).await?;
        third.wait().await?;
        naps().await;
        Ok(())
    }
    let task = asyncio::create_task(goes_on(events.clone()));
    tick().await;
    assert_eq!(names(&task), ["waits for an event", "waits", "waits_deeply", "goes_on"]);
    events[0].set();
    ticks(2).await;
    assert_eq!(names(&task), ["waits for an event", "waits", "goes_on"]);
    events[1].set();
    ticks(2).await;
    assert_eq!(names(&task), ["waits for an event", "goes_on"]);
    events[2].set();
    ticks(2).await;
    assert_eq!(names(&task), ["waits in sleep()", "naps", "goes_on"]);
}

#[asyncio::test(virtual_time)]
async fn two_of_one_depth_that_wait_in_turn_are_told_apart() {
    let event = Event::new();
    #[asyncio::coroutine]
    async fn goes_on(event: Event) -> Result<(), Error> {
        waits(event).await?;
        naps().await;
        Ok(())
    }
    let task = asyncio::create_task(goes_on(event.clone()));
    tick().await;
    assert_eq!(names(&task), ["waits for an event", "waits", "goes_on"]);
    event.set();
    ticks(2).await;
    assert_eq!(names(&task), ["waits in sleep()", "naps", "goes_on"]);
}

#[asyncio::test(virtual_time)]
async fn what_panicked_does_not_wait() {
    #[asyncio::coroutine]
    async fn starts_and_panics() {
        let mut nap = pin!(naps());
        std::future::poll_fn(|context| {
            assert!(nap.as_mut().poll(context).is_pending());
            panic!("as it is meant to");
            #[expect(unreachable_code, reason = "it says the type")]
            Poll::Ready(())
        })
        .await;
    }
    #[asyncio::coroutine]
    async fn catches() {
        let mut body = Box::pin(starts_and_panics());
        std::future::poll_fn(|context| {
            let body = AssertUnwindSafe(|| body.as_mut().poll(context));
            assert!(catch_unwind(body).is_err());
            Poll::<()>::Pending
        })
        .await;
    }
    let task = asyncio::create_task(catches());
    tick().await;
    assert_eq!(names(&task), ["waits for a future that is not asyncio's", "catches"]);
}

#[asyncio::test(virtual_time)]
async fn a_select_in_a_branch_of_a_select_keeps_its_place_in_the_tree() {
    #[asyncio::coroutine]
    async fn inner(event: Event) -> Result<(), Error> {
        asyncio::select! {
            done = waits_deeply(event) => done,
            () = naps() => Ok(()),
        }
    }
    #[asyncio::coroutine]
    async fn outer(event: Event) -> Result<(), Error> {
        asyncio::select! {
            () = naps() => Ok(()),
            done = inner(event.clone()) => done,
            done = waits(event) => done,
        }
    }
    let task = asyncio::create_task(outer(Event::new()));
    for _ in 0..2 {
        tick().await;
        let expected = [
            "waits in select!",
            "  - waits in sleep()",
            "    naps",
            "  - waits in select!",
            "      - waits for an event",
            "        waits",
            "        waits_deeply",
            "      - waits in sleep()",
            "        naps",
            "    inner",
            "  - waits for an event",
            "    waits",
            "outer",
        ];
        assert_eq!(names(&task), expected);
    }
}

#[asyncio::test(virtual_time)]
async fn a_task_that_starts_eagerly_leaves_the_coroutines_around_it_where_they_are() {
    #[asyncio::coroutine]
    async fn starts_another(event: Event) -> Result<(), Error> {
        let eager: Task<_> = Task::builder().eager_start(true).create_task(waits_deeply(event.clone()))?;
        assert_eq!(names(&eager), ["waits for an event", "waits", "waits_deeply"]);
        waits(event).await?;
        eager.await
    }
    #[asyncio::coroutine]
    async fn outer(event: Event) -> Result<(), Error> {
        asyncio::select! {
            () = naps() => Ok(()),
            done = starts_another(event) => done,
        }
    }
    let task = asyncio::create_task(outer(Event::new()));
    tick().await;
    let branches = ["  - waits in sleep()", "    naps", "  - waits for an event", "    waits", "    starts_another"];
    assert_eq!(names(&task)[1..6], branches);
    assert_eq!(names(&task)[6..], ["outer"]);
}

#[asyncio::test(virtual_time)]
async fn of_two_that_somebody_else_s_future_polls_the_last_is_shown() {
    #[asyncio::coroutine]
    async fn joins(event: Event) {
        drop(futures::future::join(naps(), waits_deeply(event)).await);
    }
    #[asyncio::coroutine]
    async fn returns() {}
    #[asyncio::coroutine]
    async fn joins_one_that_is_done(event: Event) {
        drop(futures::future::join(waits_deeply(event), returns()).await);
    }
    let event = Event::new();
    let both = asyncio::create_task(joins(event.clone()));
    let one = asyncio::create_task(joins_one_that_is_done(event));
    tick().await;
    assert_eq!(names(&both), ["waits for an event", "waits", "waits_deeply", "joins"]);
    // Which future the other polled in between is not known, so nobody is named who may not be waited for.
    assert_eq!(names(&one), ["waits for a future that is not asyncio's", "joins_one_that_is_done"]);
}

#[asyncio::test(virtual_time)]
async fn a_branch_of_somebody_else_s_that_says_nothing_is_not_shown_as_the_one_before() {
    #[asyncio::coroutine]
    async fn selects() {
        asyncio::select! {
            () = naps() => {}
            () = std::future::pending() => {}
        }
    }
    let task = asyncio::create_task(selects());
    tick().await;
    assert_eq!(names(&task), ["waits in select!", "  - waits in sleep()", "    naps", "selects"]);
}

#[asyncio::test(virtual_time)]
async fn a_task_that_starts_eagerly_after_something_has_suspended_changes_nothing_of_that() {
    #[asyncio::coroutine]
    async fn selects(event: Event) -> Result<(), Error> {
        asyncio::select! {
            () = naps() => Ok(()),
            done = waits(event) => done,
        }
    }
    #[asyncio::coroutine]
    async fn starts_another(event: Event) {
        let mut body = Box::pin(selects(event.clone()));
        std::future::poll_fn(|context| {
            assert!(body.as_mut().poll(context).is_pending());
            let eager = Task::builder().eager_start(true).create_task(around(event.clone())).unwrap();
            let names = names(&eager);
            assert_eq!(names[1..], ["  - waits for an event", "    waits", "    waits_deeply", "around"][..]);
            eager.cancel();
            eager.detach();
            Poll::<()>::Pending
        })
        .await;
    }
    #[asyncio::coroutine]
    async fn around(event: Event) -> Result<(), Error> {
        asyncio::select! {
            done = waits_deeply(event) => done,
        }
    }
    let task = asyncio::create_task(starts_another(Event::new()));
    tick().await;
    let expected = [
        "waits in select!",
        "  - waits in sleep()",
        "    naps",
        "  - waits for an event",
        "    waits",
        "selects",
        "starts_another",
    ];
    assert_eq!(names(&task), expected);
}

#[asyncio::test(virtual_time)]
async fn a_thousand_selects_in_one_step_leave_room_for_the_next() {
    #[asyncio::coroutine]
    async fn selects() {
        for _ in 0..1000 {
            asyncio::select! {
                () = naps() => {}
                () = std::future::ready(()) => {}
            }
        }
        asyncio::select! {
            () = naps() => {}
            () = naps() => {}
        }
    }
    let task = asyncio::create_task(selects());
    ticks(2).await;
    let branch = ["  - waits in sleep()", "    naps"];
    assert_eq!(names(&task), [&["waits in select!"][..], &branch, &branch, &["selects"]].concat());
}

#[asyncio::test(virtual_time)]
async fn a_body_that_has_ended_is_not_shown_while_its_children_go_on() {
    let event = Event::new();
    let release = event.clone();
    let parent = asyncio::create_task(asyncio::scope(async move |scope| {
        drop(scope.spawn(naps()));
        waits(event).await
    }));
    ticks(2).await;
    assert_eq!(names(&parent), ["waits in a group", "  - waits for an event", "    waits"]);
    release.set();
    ticks(3).await;
    assert_eq!(names(&parent), ["waits in a group"]);
}
