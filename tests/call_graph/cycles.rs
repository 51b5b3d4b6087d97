//! Tasks that wait for each other in a circle, and trees of all tasks.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{Error, Lock, Task};

use crate::support::tasks::{HOUR, tick, ticks};

/// Two tasks, each of which has a lock and wants the other's.
fn embrace() -> [Task<()>; 2] {
    let locks = Rc::new([Lock::new(), Lock::new()]);
    let task = |mine: usize| {
        let locks = locks.clone();
        asyncio::create_task(async move {
            let _mine = locks[mine].hold().await?;
            tick().await;
            let _other = locks[1 - mine].hold().await?;
            Ok::<_, Error>(())
        })
    };
    [task(0).named("left"), task(1).named("right")]
}

#[asyncio::test(virtual_time)]
async fn two_tasks_that_want_each_other_s_lock_are_a_circle() {
    let [left, right] = embrace();
    ticks(4).await;
    let tree = asyncio::get_running_loop().unwrap().task_tree();
    assert_eq!(tree.cycles().len(), 1, "{tree}");
    assert_eq!(tree.cycles()[0], [left.as_any(), right.as_any()]);
    let text = tree.to_string();
    assert!(text.contains("waits for a lock that \"right\" holds"), "{text}");
    assert!(text.contains("waits for a lock that \"left\" holds"), "{text}");
    assert!(text.contains("left (see above)"), "{text}");
    assert_eq!(text.matches("(see above)").count(), 1, "{text}");
    left.cancel();
    let cycles = asyncio::get_running_loop().unwrap().task_tree().cycles().len();
    assert_eq!(cycles, 0, "one of them is about to run");
    right.await.unwrap();
    assert!(asyncio::get_running_loop().unwrap().task_tree().cycles().is_empty());
}

#[asyncio::test(virtual_time)]
async fn tasks_that_await_each_other_are_shown_once() {
    // CPython: test_graph (awaited-by cycles), test_tools.TestAsyncioToolsTree.test_cycle_detection
    let handles = Rc::new(RefCell::new(Vec::<Rc<Task<()>>>::new()));
    let task = |other: usize| {
        let handles = handles.clone();
        asyncio::create_task(async move {
            tick().await;
            let other = handles.borrow()[other].clone();
            (&*other).await
        })
    };
    let (one, two) = (Rc::new(task(1).named("one")), Rc::new(task(0).named("two")));
    handles.borrow_mut().extend([one.clone(), two.clone()]);
    ticks(3).await;
    let text = asyncio::format_call_graph(Some(&*one)).unwrap();
    assert_eq!(text.matches("Task \"one\" created").count(), 2, "{text}");
    assert_eq!(text.matches("(see above)").count(), 1, "{text}");
    assert_eq!(text.matches("+ Call stack:").count(), 2, "{text}");
    let tree = asyncio::get_running_loop().unwrap().task_tree();
    assert_eq!(tree.cycles(), [[one.as_any(), two.as_any()]]);
    // A cancel that goes round in the circle opens it.
    one.cancel();
    ticks(6).await;
    assert!(one.cancelled() && two.cancelled());
    handles.borrow_mut().clear();
}

#[asyncio::test(virtual_time)]
async fn a_tree_has_a_task_below_the_one_that_awaits_it() {
    #[asyncio::coroutine]
    async fn serves() -> Result<(), Error> {
        asyncio::gather([asyncio::create_task(asyncio::sleep(HOUR)).named("worker")]).await.map(drop)
    }
    let server = asyncio::create_task(serves()).named("server");
    ticks(2).await;
    let tree = asyncio::get_running_loop().unwrap().task_tree();
    let text = tree.to_string();
    let lines: Vec<_> = text.lines().skip_while(|line| !line.ends_with("server")).collect();
    assert!(lines[1].starts_with("   serves() called at "), "{text}");
    assert_eq!(lines[2], "   waits for several tasks");
    assert!(lines[3].starts_with("   [") && lines[3].ends_with("] worker"), "{text}");
    assert_eq!(lines[4], "      waits in sleep()");
    assert!(tree.cycles().is_empty());
    server.cancel();
}

#[asyncio::test(virtual_time)]
async fn a_chain_of_ten_thousand_tasks_is_cut_and_does_no_harm() {
    let mut task = asyncio::create_task(asyncio::sleep(HOUR)).named("innermost");
    let innermost = task.as_any();
    for _ in 0..10_000 {
        task = asyncio::create_task(task.into_future());
    }
    ticks(2).await;
    let text = asyncio::format_call_graph(Some(&innermost)).unwrap();
    assert!((100..1_000).contains(&text.matches("* Task").count()));
    assert!(asyncio::get_running_loop().unwrap().task_tree().to_string().contains("…"));
    if cfg!(target_os = "linux") {
        let tasks = asyncio::ProcessTasks::read(std::process::id()).unwrap();
        assert!(tasks.tree().contains("waits for a task\n") && tasks.cycles().is_empty());
    }
    innermost.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
}
