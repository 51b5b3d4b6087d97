//! `capture_call_graph`, its options, and the stacks of single tasks.

use asyncio::{CallFrame, CallGraph, Error, FutureCallGraph, GraphNode};

use crate::support::tasks::{HOUR, me, tick, ticks};

/// The names of the coroutines of a graph's own stack, innermost first.
fn names(graph: &FutureCallGraph) -> Vec<&'static str> {
    let name = |frame: &CallFrame| match frame {
        CallFrame::Coroutine { name, .. } => Some(*name),
        _ => None,
    };
    graph.call_stack.iter().filter_map(|entry| name(&entry.frame)).collect()
}

#[asyncio::coroutine]
async fn outer() {
    middle().await;
}

#[asyncio::coroutine]
async fn middle() {
    inner().await;
}

#[asyncio::coroutine]
async fn inner() {
    asyncio::sleep(HOUR).await;
}

#[test]
fn without_a_running_loop_there_is_no_graph() {
    // CPython: test_graph.CallStackTestBase / TestCallStackC.test_capture_call_graph_no_loop
    assert!(matches!(asyncio::capture_call_graph(None), Err(Error::RuntimeError(_))));
    assert!(matches!(asyncio::format_call_graph(None), Err(Error::RuntimeError(_))));
    assert!(matches!(asyncio::print_call_graph(None), Err(Error::RuntimeError(_))));
}

#[asyncio::test(virtual_time)]
async fn a_plain_callback_has_no_graph() {
    let (sender, seen) = futures::channel::oneshot::channel();
    let look = move || sender.send(asyncio::capture_call_graph(None).unwrap().is_none()).unwrap();
    asyncio::get_running_loop().unwrap().call_soon(look).unwrap();
    assert!(seen.await.unwrap());
}

#[asyncio::test(virtual_time)]
async fn the_graph_has_the_task_its_coroutines_and_those_who_await_it() {
    // CPython: test_graph.CallStackTestBase.test_stack_tgroup, test_stack_async_gen (chains of awaits)
    let task = asyncio::create_task(outer()).named("the awaited");
    let join = task.as_any();
    let waiter = asyncio::create_task(async move { task.await }).named("the waiter");
    ticks(2).await;
    let graph = asyncio::capture_call_graph(Some(&join)).unwrap().unwrap();
    assert!(matches!(&graph.future, GraphNode::Task(task) if *task == join));
    assert_eq!(names(&graph), ["inner", "middle", "outer"]);
    assert_eq!(graph.call_stack[0].to_string(), "waits in sleep()");
    assert_eq!(graph.awaited_by.len(), 1);
    assert!(matches!(&graph.awaited_by[0].future, GraphNode::Task(task) if *task == waiter.as_any()));
    assert!(graph.awaited_by[0].awaited_by.is_empty());
}

#[asyncio::test(virtual_time)]
async fn a_limit_keeps_the_innermost_or_the_outermost_lines() {
    // CPython: test_graph.CallStackTestBase.test_capture_call_graph_positive_limit, _negative_limit, _zero_limit
    let task = asyncio::create_task(outer());
    let waiter = asyncio::wait_for(task, HOUR);
    let waiter = asyncio::create_task(waiter);
    ticks(2).await;
    let task = asyncio::all_tasks().unwrap().into_iter().find(|task| task.get_coro() == Some("outer")).unwrap();
    let limited = |limit| CallGraph::of(Some(&task)).limit(limit).capture().unwrap().unwrap();
    assert_eq!(limited(2).call_stack.len(), 2);
    assert_eq!(names(&limited(2)), ["inner"]);
    assert_eq!(names(&limited(-2)), ["middle", "outer"]);
    assert_eq!(names(&limited(-100)), ["inner", "middle", "outer"]);
    let none = limited(0);
    assert!(none.call_stack.is_empty() && none.awaited_by.len() == 1);
    drop(waiter);
}

#[asyncio::test]
async fn the_running_task_sees_the_coroutines_that_run() {
    // CPython: test_graph.CallStackTestBase.test_stack_tgroup (the current task); depth skips frames
    #[asyncio::coroutine]
    async fn asks(depth: usize) -> FutureCallGraph {
        CallGraph::of(None).depth(depth).capture().unwrap().unwrap()
    }
    #[asyncio::coroutine]
    async fn awaits(depth: usize) -> FutureCallGraph {
        tick().await;
        asks(depth).await
    }
    // The test is a coroutine itself.
    assert_eq!(names(&awaits(1).await)[..2], ["asks", "awaits"]);
    assert_eq!(names(&awaits(2).await)[..1], ["awaits"]);
    #[asyncio::coroutine]
    async fn limited() -> FutureCallGraph {
        CallGraph::of(None).depth(2).limit(1).capture().unwrap().unwrap()
    }
    #[asyncio::coroutine]
    async fn awaits_limited() -> FutureCallGraph {
        limited().await
    }
    assert_eq!(names(&awaits_limited().await), ["awaits_limited"], "the depth counts first");
    assert!(names(&awaits(9).await).is_empty());
    let eager = asyncio::Task::builder().eager_start(true).create_task(async {
        let graph = asks(1).await;
        assert_eq!(names(&graph), ["asks"], "a task's coroutines end where it began");
    });
    eager.unwrap().await.unwrap();
}

#[asyncio::test(virtual_time)]
async fn a_future_has_no_stack_but_those_who_await_it() {
    // CPython: test_graph.CallStackTestBase.test_stack_waiter
    let future = asyncio::Future::<()>::new().unwrap();
    let wait = future.clone();
    let waiter = asyncio::create_task(async move { wait.await }).named("the waiter");
    tick().await;
    let graph = asyncio::capture_call_graph(Some(&future)).unwrap().unwrap();
    assert!(matches!(&graph.future, GraphNode::Future(text) if text.starts_with("<Future pending")));
    assert!(graph.call_stack.is_empty() && graph.awaited_by.len() == 1);
    assert!(graph.to_string().contains("  + Awaited by:\n    * Task \"the waiter\" created at "), "{graph}");
    future.set_result(()).unwrap();
    waiter.await.unwrap();
    assert!(asyncio::capture_call_graph(Some(&future)).unwrap().unwrap().awaited_by.is_empty());
}

#[asyncio::test(virtual_time)]
async fn a_stack_has_the_outermost_first_and_can_be_printed() {
    // CPython: test_tasks.BaseTaskTests.test_get_stack and test_pep492.CoroutineTests.test_task_print_stack
    let task = asyncio::create_task(outer()).named("T");
    assert!(task.get_stack(None).is_empty(), "it has not begun");
    tick().await;
    let lines = |limit: Option<usize>| task.get_stack(limit).iter().map(ToString::to_string).collect::<Vec<_>>();
    let all = lines(None);
    assert_eq!(all.len(), 4);
    assert!(all[0].starts_with("outer() called at ") && all[2].starts_with("inner() called at "), "{all:?}");
    assert_eq!(all[3], "waits in sleep()");
    assert_eq!(lines(Some(2)), all[2..]);
    let mut text = Vec::new();
    task.print_stack(None, Some(&mut text)).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("Stack for <Task pending name=\"T\""), "{text}");
    assert!(text.contains("(most recent call last):\n  outer() called at ") && text.ends_with("waits in sleep()\n"));
    let done = asyncio::create_task(async {});
    tick().await;
    let mut text = Vec::new();
    done.print_stack(None, Some(&mut text)).unwrap();
    assert!(String::from_utf8(text).unwrap().starts_with("No stack for <Task done"));
}

#[asyncio::test]
async fn the_graph_is_printed_to_any_file() {
    // CPython: test_graph.CallStackTestBase.test_build_graph (print to a file)
    let mut text = Vec::new();
    CallGraph::of(Some(&me())).print_to(&mut text).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), asyncio::format_call_graph(Some(&me())).unwrap());
}

#[asyncio::test(virtual_time)]
async fn edges_can_be_noted_by_hand_and_taken_back() {
    // CPython: test_graph.CallStackTestBase.test_build_graph; future_add_to_awaited_by, future_discard_from_awaited_by
    let awaited = asyncio::create_task(asyncio::sleep(HOUR)).named("awaited");
    let waiter = asyncio::create_task(std::future::pending::<()>()).named("waiter");
    tick().await;
    let awaiters = || asyncio::capture_call_graph(Some(&awaited)).unwrap().unwrap().awaited_by.len();
    asyncio::future_discard_from_awaited_by(&awaited, &waiter);
    asyncio::future_add_to_awaited_by(&awaited, &waiter);
    asyncio::future_add_to_awaited_by(&awaited, &waiter);
    assert_eq!(awaiters(), 1);
    let tree = asyncio::get_running_loop().unwrap().task_tree().to_string();
    let below = tree.lines().skip_while(|line| !line.ends_with("] waiter")).nth(2).unwrap_or_default();
    assert!(below.starts_with("   [") && below.ends_with("] awaited"), "{tree}");
    asyncio::future_discard_from_awaited_by(&awaited, &waiter);
    assert_eq!(awaiters(), 1, "each is to be balanced");
    asyncio::future_discard_from_awaited_by(&awaited, &waiter);
    assert_eq!(awaiters(), 0);
}
