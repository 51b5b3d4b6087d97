//! What a graph shows of things that have several parts, and of what is waited for.

use asyncio::{Barrier, Condition, Error, Event, Lock, Queue, Semaphore, TaskGroup};

use super::lines;
use crate::support::tasks::{HOUR, tick, ticks};

#[asyncio::coroutine]
async fn naps() -> Result<(), Error> {
    asyncio::sleep(HOUR).await;
    Ok(())
}

/// The names of those who await a task.
fn awaiters(task: &asyncio::AnyTask) -> Vec<String> {
    let graph = asyncio::capture_call_graph(Some(task)).unwrap().unwrap();
    let name = |graph: &asyncio::FutureCallGraph| match &graph.future {
        asyncio::GraphNode::Task(task) => task.get_name(),
        other => other.to_string(),
    };
    graph.awaited_by.iter().map(name).collect()
}

#[asyncio::test(virtual_time)]
async fn the_branches_of_a_select_stand_beside_each_other() {
    #[asyncio::coroutine]
    async fn reads(queue: Queue<u8>) {
        queue.get().await.unwrap();
    }
    #[asyncio::coroutine]
    async fn serves() {
        asyncio::select! {
            () = reads(Queue::new()) => {}
            nap = naps() => drop(nap),
        }
    }
    let task = asyncio::create_task(serves());
    for _ in 0..3 {
        tick().await;
        let lines = lines(&task);
        assert_eq!(lines[0], "waits in select!");
        assert_eq!(lines[1], "  - waits for an item of a queue");
        assert!(lines[2].starts_with("    reads() called at "), "{lines:?}");
        assert_eq!(lines[3], "  - waits in sleep()");
        assert!(lines[4].starts_with("    naps() called at "), "{lines:?}");
        assert!(lines[5].starts_with("serves() called at ") && lines.len() == 6, "{lines:?}");
    }
}

#[asyncio::test(virtual_time)]
async fn what_does_not_wait_any_more_is_not_shown() {
    #[asyncio::coroutine]
    async fn goes_on() {
        // Each of the first three has said what it waits for, and was dropped.
        let first = asyncio::select! {
            biased_first = async { asyncio::sleep(HOUR).await; 1 } => biased_first,
            second = async { tick().await; 2 } => second,
        };
        assert_eq!(first, 2);
        assert!(asyncio::timeout(std::time::Duration::from_secs(1), naps()).await.unwrap_err().is_timeout());
        futures::future::select(Box::pin(naps()), std::future::ready(())).await;
        Event::new().wait().await.unwrap();
    }
    let task = asyncio::create_task(goes_on());
    asyncio::sleep(HOUR / 2).await;
    let lines = lines(&task);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0] == "waits for an event" && lines[1].starts_with("goes_on() called at "), "{lines:?}");
}

#[asyncio::test(virtual_time)]
async fn the_children_of_a_group_are_awaited_by_the_task_around_it() {
    // CPython: test_graph.CallStackTestBase.test_stack_tgroup
    let parent = asyncio::create_task(async {
        TaskGroup::run(async |group| {
            group.create_task(naps())?.set_name("child");
            naps().await
        })
        .await
    })
    .named("parent");
    ticks(3).await;
    let child = asyncio::all_tasks().unwrap().into_iter().find(|task| task.get_name() == "child").unwrap();
    assert_eq!(awaiters(&child), ["parent"]);
    let lines = lines(&parent);
    assert_eq!(lines[..2], ["waits in a group", "  - waits in sleep()"], "{lines:?}");
    assert!(lines[2].starts_with("    naps() called at "), "{lines:?}");
}

#[asyncio::test(virtual_time)]
async fn the_children_of_a_scope_have_stacks_of_their_own() {
    let parent = asyncio::create_task(async {
        asyncio::scope(async |s| {
            s.spawn(naps()).set_name("child");
            asyncio::Event::new().wait().await
        })
        .await
    })
    .named("parent");
    ticks(3).await;
    let child = asyncio::all_tasks().unwrap().into_iter().find(|task| task.get_name() == "child").unwrap();
    assert_eq!(awaiters(&child), ["parent"]);
    assert_eq!(lines(&parent), ["waits in a group", "  - waits for an event"]);
    let lines = lines(&child);
    assert!(lines[0] == "waits in sleep()" && lines[1].starts_with("naps() called at "), "{lines:?}");
}

#[asyncio::test(virtual_time)]
async fn gather_wait_as_completed_shield_and_wait_for_are_seen_through() {
    // CPython: test_graph.CallStackTestBase.test_stack_gather, test_stack_shield, test_stack_timeout, test_stack_wait
    let child = || asyncio::create_task(naps());
    let (a, b, c, d, e) = (child(), child(), child(), child(), child());
    let children = [&a, &b, &c, &d, &e].map(|task| task.as_any());
    drop(asyncio::create_task(asyncio::gather([a])).named("gather"));
    drop(asyncio::create_task(async move { asyncio::wait([b]).await.map(drop) }).named("wait"));
    drop(asyncio::create_task(async move { drop(asyncio::as_completed([c]).next().await) }).named("as_completed"));
    drop(asyncio::create_task(asyncio::shield(d)).named("shield"));
    drop(asyncio::create_task(asyncio::wait_for(e, 2 * HOUR)).named("wait_for"));
    ticks(3).await;
    let names: Vec<_> = children.iter().flat_map(awaiters).collect();
    assert_eq!(names, ["gather", "wait", "as_completed", "shield", "wait_for"]);
}

#[asyncio::test(virtual_time)]
async fn each_primitive_is_named() {
    let lock = Lock::new();
    let guard = lock.hold().await.unwrap();
    let (full, queue) = (Queue::with_maxsize(1), Queue::<u8>::new());
    full.put_nowait(0).unwrap();
    let (to_do, condition) = (full.clone(), Condition::new());
    let mut cases = Vec::new();
    let mut case = |text: &'static str, future: std::pin::Pin<Box<dyn Future<Output = Result<(), Error>>>>| {
        cases.push((text, asyncio::create_task(future)));
    };
    case("waits for an event", Box::pin(async { Event::new().wait().await }));
    case("waits for a semaphore", Box::pin(async { Semaphore::new(0).acquire().await }));
    case("waits at a barrier", Box::pin(async { Barrier::new(2).unwrap().wait().await.map(drop) }));
    case("waits for an item of a queue", Box::pin(async move { queue.get().await.map(drop) }));
    case("waits for room in a queue", Box::pin(async move { Ok(full.put(1).await?) }));
    case("waits until the items of a queue are done", Box::pin(async move { to_do.join().await }));
    case(
        "waits for a condition",
        Box::pin(async move {
            condition.acquire().await?;
            condition.wait().await.map(drop)
        }),
    );
    let name = crate::support::tasks::me().get_name();
    let held = format!("waits for a lock that {name:?} holds");
    let waits = asyncio::create_task(async move { lock.acquire().await });
    ticks(2).await;
    assert_eq!(lines(&waits), [held]);
    for (text, task) in &cases {
        assert_eq!(lines(task), [*text]);
    }
    drop(guard);
    waits.await.unwrap();
}

#[asyncio::test(virtual_time)]
async fn a_task_that_runs_awaits_nobody() {
    let child = asyncio::create_task(naps()).named("the child");
    let any = child.as_any();
    let runs = asyncio::create_task(async move {
        asyncio::wait([any.clone()]).timeout(std::time::Duration::from_secs(1)).await?;
        // What it has waited for stands in its last trace.
        let tree = asyncio::get_running_loop()?.task_tree().to_string();
        assert!(awaiters(&any).is_empty(), "{tree}");
        let line = tree.lines().find(|line| line.ends_with("] the child")).unwrap_or_default();
        assert!(line.starts_with('['), "{tree}");
        if cfg!(target_os = "linux") {
            let table = asyncio::ProcessTasks::read(std::process::id())?.table();
            let line = table.lines().find(|line| line.contains(" the child ")).unwrap_or_default();
            assert!(!line.contains("awaited by"), "{table}");
        }
        Ok::<_, Error>(())
    });
    runs.await.unwrap();
    child.cancel();
}

#[cfg(target_os = "linux")]
#[asyncio::test]
async fn of_a_task_that_has_never_waited_nothing_is_said_to_have_been_waited_for() {
    crate::support::tasks::me().set_name("the very first step");
    let tree = asyncio::ProcessTasks::read(std::process::id()).unwrap().tree();
    let mut lines = tree.lines().skip_while(|line| !line.contains("the very first step"));
    let first = lines.next().unwrap_or_default();
    assert!(first.contains("the very first step is running, ") && !first.contains("before"), "{tree}");
    assert!(lines.next().is_none_or(|line| !line.starts_with("    ")), "{tree}");
}
