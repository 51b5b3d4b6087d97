//! Eager tasks: their first step runs inside of `create_task`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use asyncio::{AnyTask, ContextVar, Error, Result, Task};

use crate::support::journal::Journal;
use crate::support::reports::Reports;
use crate::support::tasks::{HOUR, me, panics, tick};

/// Makes all tasks of the running loop eager.
fn eagerly() {
    asyncio::get_running_loop().unwrap().set_task_factory(asyncio::eager_task_factory);
}

#[asyncio::test]
async fn the_factory_is_the_loop_s_until_it_is_cleared() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_eager_task_factory_set
    let event_loop = asyncio::get_running_loop().unwrap();
    assert!(event_loop.get_task_factory().is_none());
    eagerly();
    assert!(event_loop.get_task_factory().is_some());
    asyncio::create_task(async {}).await.unwrap();
    event_loop.clear_task_factory();
    assert!(event_loop.get_task_factory().is_none());
    assert!(!asyncio::create_task(async {}).done());
}

#[asyncio::test]
async fn an_eager_step_may_complete_a_future() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_await_future_during_eager_step
    eagerly();
    let future = asyncio::Future::new().unwrap();
    let setter = future.clone();
    let task = asyncio::create_task(async move { setter.set_result("my message") });
    assert!(task.done());
    assert_eq!(future.await.unwrap(), "my message");
}

#[asyncio::test]
async fn an_eager_task_that_does_not_suspend_is_done_at_once() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_eager_completion, test_cancellation_after_eager_completion
    eagerly();
    let task = asyncio::create_task(async { Ok::<_, Error>("hello") });
    assert!(task.done());
    assert!(!task.cancel());
    assert_eq!((&task).await.unwrap(), "hello");
    assert!(!task.cancelled());
}

#[asyncio::test]
async fn an_eager_task_that_suspends_becomes_a_normal_one() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_block_after_eager_step
    eagerly();
    let task = asyncio::create_task(async {
        tick().await;
        Ok::<_, Error>("finished after blocking")
    });
    assert!(!task.done());
    assert_eq!(task.await.unwrap(), "finished after blocking");
}

#[asyncio::test(virtual_time)]
async fn an_eager_task_cancelled_after_its_first_step_ends_with_the_message() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_cancellation_after_eager_step_blocks
    eagerly();
    let task = asyncio::create_task(asyncio::sleep(HOUR));
    task.cancel_with("cancellation message");
    assert_eq!(task.cancelling(), 1);
    match task.await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("cancellation message")),
        other => panic!("{other:?}"),
    }
}

#[asyncio::test]
async fn the_current_task_is_the_eager_one_while_its_step_runs() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_current_task
    let this = me();
    let seen = Rc::new(RefCell::new(None));
    let place = seen.clone();
    let task = Task::builder()
        .eager_start(true)
        .create_task(async move {
            place.replace(Some(me()));
            tick().await;
            assert_eq!(place.take(), Some(me()));
            Ok::<_, Error>(())
        })
        .unwrap();
    assert!(task == *seen.borrow().as_ref().expect("the first step has run"));
    assert_eq!(me(), this, "and this one is current again");
    task.await.unwrap();
}

#[asyncio::test]
async fn an_eager_task_is_among_all_tasks_while_it_is_not_done() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_all_tasks_with_eager_completion, test_all_tasks_with_blocking
    eagerly();
    let seen = Rc::new(RefCell::new(Vec::<AnyTask>::new()));
    let place = seen.clone();
    let done = asyncio::create_task(async move { *place.borrow_mut() = asyncio::all_tasks().unwrap() });
    assert!(seen.borrow().contains(&done.as_any()));
    assert!(!asyncio::all_tasks().unwrap().contains(&done.as_any()));
    let (go, gone) = (asyncio::Future::<()>::new().unwrap(), asyncio::Future::<()>::new().unwrap());
    let (wait, tell) = (go.clone(), gone.clone());
    let blocked = asyncio::create_task(async move {
        wait.await?;
        tell.set_result(())
    });
    assert!(asyncio::all_tasks().unwrap().contains(&blocked.as_any()));
    go.set_result(()).unwrap();
    gone.await.unwrap();
    assert!(!asyncio::all_tasks().unwrap().contains(&blocked.as_any()));
}

#[asyncio::test]
async fn an_eager_step_runs_in_the_task_s_own_context() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests.test_context_vars
    static NUMBER: ContextVar<u8> = ContextVar::new("number");
    eagerly();
    NUMBER.set(1);
    let steps = Rc::new(Cell::new(0));
    let inner = steps.clone();
    let task = asyncio::create_task(async move {
        assert_eq!(NUMBER.get(), Some(1));
        NUMBER.set(2);
        inner.set(1);
        tick().await;
        assert_eq!(NUMBER.get(), Some(2));
        NUMBER.set(3);
        inner.set(2);
        Ok::<_, Error>(())
    });
    assert_eq!((steps.get(), NUMBER.get()), (1, Some(1)));
    task.await.unwrap();
    assert_eq!((steps.get(), NUMBER.get()), (2, Some(1)));
}

#[asyncio::test]
async fn a_context_that_is_given_is_the_eager_step_s() {
    static NUMBER: ContextVar<u8> = ContextVar::new("number");
    let context = asyncio::copy_context();
    let builder = Task::builder().eager_start(true).context(context.clone());
    let task = builder.create_task(async { drop(NUMBER.set(7)) }).unwrap();
    assert!(task.done());
    assert_eq!((context.run(|| NUMBER.get()), NUMBER.get()), (Some(7), None));
}

#[asyncio::test]
async fn callbacks_of_an_eager_task_go_through_the_ready_queue() {
    eagerly();
    let journal = Journal::default();
    let task = asyncio::create_task(async {});
    let notes = journal.clone();
    task.add_done_callback(move |_| notes.note("called"));
    assert!(task.done() && journal.entries().is_empty());
    tick().await;
    assert_eq!(journal.entries(), ["called"]);
}

#[asyncio::test]
async fn a_failure_in_an_eager_step_stays_in_the_task() {
    eagerly();
    let failed = asyncio::create_task(async { Err::<(), _>(Error::value_error("eager")) });
    assert!(failed.done());
    assert!(matches!(failed.await, Err(Error::ValueError(_))));
    let panicked = asyncio::create_task(async { panics("eager") });
    assert!(panicked.done());
    assert!(matches!(panicked.await, Err(Error::Panic(_))));
    let reports = Reports::here();
    drop(asyncio::create_task(async { Err::<(), _>(Error::value_error("nobody looks")) }));
    assert_eq!(reports.one().message, "Task exception was never retrieved");
}

#[test]
fn on_a_loop_that_does_not_run_no_task_is_eager() {
    let event_loop = asyncio::new_event_loop().unwrap();
    event_loop.set_task_factory(asyncio::eager_task_factory);
    let task = event_loop.create_task(async { Ok::<_, Error>(1) }).unwrap();
    assert!(!task.done());
    assert_eq!(event_loop.run_until_complete(task).unwrap(), 1);
}

#[asyncio::test]
async fn what_the_call_says_is_stronger_than_the_factory() {
    eagerly();
    let lazy = Task::builder().eager_start(false).create_task(async {}).unwrap();
    assert!(!lazy.done());
    asyncio::get_running_loop().unwrap().clear_task_factory();
    let eager = Task::builder().eager_start(true).create_task(async {}).unwrap();
    assert!(eager.done());
    lazy.await.unwrap();
}

#[asyncio::test]
async fn an_eager_task_may_start_others() {
    // CPython: test_eager_task_factory.BaseEagerTaskFactoryTests.test_awaitables_chain
    fn chain(depth: u32, journal: Journal) -> Task<u32> {
        asyncio::create_task(async move {
            journal.note(format!("down {depth}"));
            let below = match depth {
                0 => 0,
                _ => chain(depth - 1, journal.clone()).await?,
            };
            journal.note(format!("up {depth}"));
            Ok::<_, Error>(below + depth)
        })
    }
    eagerly();
    let journal = Journal::default();
    let task = chain(3, journal.clone());
    assert!(task.done(), "all of it ran inside of one call");
    assert_eq!(journal.entries(), ["down 3", "down 2", "down 1", "down 0", "up 0", "up 1", "up 2", "up 3"]);
    assert_eq!(task.await.unwrap(), 6);
}

/// Starts as many tasks as it is wide on each level.
async fn recurse(width: u32, depth: u32, started: Rc<Cell<u32>>) -> Result<()> {
    if depth == 0 {
        return Ok(());
    }
    asyncio::TaskGroup::run(async |group| {
        for _ in 0..width {
            started.set(started.get() + 1);
            let below: std::pin::Pin<Box<dyn Future<Output = Result<()>>>> =
                Box::pin(recurse(width, depth - 1, started.clone()));
            drop(group.create_task(below)?);
        }
        Ok(())
    })
    .await
}

/// The same by `gather`.
async fn gather(width: u32, depth: u32, started: Rc<Cell<u32>>) -> Result<()> {
    if depth == 0 {
        return Ok(());
    }
    let below = |_| -> std::pin::Pin<Box<dyn Future<Output = Result<()>>>> {
        started.set(started.get() + 1);
        Box::pin(gather(width, depth - 1, started.clone()))
    };
    asyncio::gather((0..width).map(below)).await.map(drop)
}

#[asyncio::test]
async fn groups_of_groups_work_with_eager_tasks_as_with_others() {
    // CPython: test_eager_task_factory.BaseTaskCountingTests.test_recursive_taskgroups, test_recursive_gather
    for eager in [false, true] {
        if eager {
            eagerly();
        }
        let started = Rc::new(Cell::new(0));
        recurse(5, 4, started.clone()).await.unwrap();
        assert_eq!(started.take(), 5 + 25 + 125 + 625);
        gather(5, 4, started.clone()).await.unwrap();
        assert_eq!(started.get(), 5 + 25 + 125 + 625);
        assert_eq!(asyncio::all_tasks().unwrap(), [me()]);
    }
}

#[asyncio::test(virtual_time)]
async fn a_cancelled_task_may_start_an_eager_one_which_is_not_cancelled() {
    let task = asyncio::create_task(async {
        me().cancel();
        let other = Task::builder().eager_start(true).create_task(async {
            tick().await;
            Ok::<_, Error>("not cancelled")
        })?;
        assert_eq!(other.cancelling(), 0);
        asyncio::shield(other).await
    });
    let outcome: Result<&str> = task.await;
    assert!(outcome.unwrap_err().is_cancelled());
}
