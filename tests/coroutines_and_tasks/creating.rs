//! Starting tasks, and the results that they leave.

use std::cell::Cell;
use std::future::{IntoFuture, Ready, ready};
use std::rc::Rc;

use asyncio::{Error, Task};

use crate::support::journal::Journal;
use crate::support::tasks::{Dropped, tick, ticks};

#[asyncio::test]
async fn a_task_begins_in_the_next_batch() {
    let begun = Rc::new(Cell::new(false));
    let inner = begun.clone();
    let task = asyncio::create_task(async move { inner.set(true) });
    assert!(!begun.get(), "creating it runs nothing");
    tick().await;
    assert!(begun.get() && task.done());
}

#[asyncio::test]
async fn tasks_begin_in_the_order_of_their_creation() {
    let journal = Journal::default();
    let event_loop = asyncio::get_running_loop().unwrap();
    for name in ["a", "b", "c"] {
        let task = journal.clone();
        drop(asyncio::create_task(async move { task.note(name) }));
        let call = journal.clone();
        event_loop.call_soon(move || call.note(format!("call after {name}"))).unwrap();
    }
    tick().await;
    assert_eq!(journal.entries(), ["a", "call after a", "b", "call after b", "c", "call after c"]);
}

#[asyncio::test]
async fn awaiting_a_task_gives_its_result() {
    // CPython: test_tasks.BaseTaskTests.test_bare_create_task, test_task_basics
    let task = asyncio::create_task(async { Ok::<_, Error>("a value") });
    assert!(!task.done());
    assert_eq!(task.await.unwrap(), "a value");
}

#[asyncio::test]
async fn a_task_may_go_on_for_ever() {
    async fn ticks_for_ever() -> ! {
        loop {
            tick().await;
        }
    }
    let counted = Rc::new(Cell::new(0));
    let counter = counted.clone();
    let counts = async move {
        loop {
            counter.set(counter.get() + 1);
            tick().await;
        }
    };
    // They are tasks as others are.
    let tasks: [Task<()>; 3] =
        [asyncio::create_task(counts), asyncio::create_task(ticks_for_ever()), asyncio::create_task(async {})];
    ticks(3).await;
    assert!(counted.get() >= 2);
    let [counts, others @ ..] = tasks;
    for task in [counts].into_iter().chain(others).take(2) {
        task.cancel();
        assert!(matches!(task.await, Err(Error::CancelledError(_))));
    }
}

#[asyncio::test]
async fn a_task_may_return_nothing() {
    asyncio::create_task(async {}).await.unwrap();
}

#[asyncio::test]
async fn an_error_of_a_task_reaches_whoever_awaits_it() {
    let task = asyncio::create_task(async { std::fs::read("/nonexistent/file").map(drop) });
    let error = task.await.unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::NotFound), "it became one of ours: {error}");
    let task = asyncio::create_task(async { Err::<(), _>(Error::other("four".parse::<u8>().unwrap_err())) });
    assert!(task.await.unwrap_err().downcast_ref::<std::num::ParseIntError>().is_some());
}

#[test]
#[should_panic(expected = "no event loop is running on this thread")]
fn a_task_without_a_running_loop_panics() {
    // CPython: create_task() raises RuntimeError; EventLoop::create_task and the builder return it.
    drop(asyncio::create_task(async {}));
}

#[test]
fn a_builder_without_a_loop_is_an_error_and_drops_the_future() {
    let journal = Journal::default();
    let value = Dropped::noted(&journal, "dropped");
    let error = Task::builder().create_task(async move { drop(value) }).unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)), "{error}");
    assert_eq!(journal.entries(), ["dropped"]);
    assert!(matches!(asyncio::ensure_future(async {}), Err(Error::RuntimeError(_))));
}

#[test]
fn a_closed_loop_takes_no_task_and_drops_the_future() {
    let journal = Journal::default();
    let event_loop = asyncio::new_event_loop().unwrap();
    event_loop.close().unwrap();
    let value = Dropped::noted(&journal, "dropped");
    let error = event_loop.create_task(async move { drop(value) }).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("closed")), "{error}");
    assert_eq!(journal.entries(), ["dropped"]);
}

#[test]
fn a_task_of_a_loop_that_does_not_run_yet_begins_when_it_runs() {
    let event_loop = asyncio::new_event_loop().unwrap();
    let task = event_loop.create_task(async { Ok::<_, Error>(6 * 7) }).unwrap();
    event_loop.run_until_complete(async {}).unwrap();
    assert_eq!(task.into_result().unwrap(), 42);
}

#[asyncio::test]
async fn a_task_lives_on_without_its_handle() {
    let journal = Journal::default();
    let inner = journal.clone();
    drop(asyncio::create_task(async move {
        ticks(3).await;
        inner.note("ended");
    }));
    ticks(5).await;
    assert_eq!(journal.entries(), ["ended"]);
}

#[asyncio::test]
async fn a_result_is_not_there_before_the_end() {
    let task = asyncio::create_task(async { Ok::<_, Error>(1) });
    assert!(matches!(task.result(), Err(Error::InvalidStateError(_))));
    assert!(matches!(task.exception(), Err(Error::InvalidStateError(_))));
    assert!(matches!(task.into_result(), Err(Error::InvalidStateError(_))));
}

#[asyncio::test]
async fn a_result_can_be_read_often_and_taken_once() {
    struct NotClonable(u8);
    let task = asyncio::create_task(async { Ok::<_, Error>(String::from("text")) });
    assert_eq!((&task).await.unwrap(), "text");
    assert_eq!((&task).await.unwrap(), "text");
    assert_eq!((task.result().unwrap(), task.exception().unwrap().is_none()), ("text".to_owned(), true));
    assert_eq!(task.await.unwrap(), "text");
    let task = asyncio::create_task(async { Ok::<_, Error>(NotClonable(7)) });
    tick().await;
    assert_eq!(task.into_result().unwrap().0, 7);
}

#[asyncio::test]
async fn several_tasks_may_wait_for_one() {
    let source = Rc::new(asyncio::create_task(async {
        ticks(2).await;
        Ok::<_, Error>(5)
    }));
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let source = source.clone();
            asyncio::create_task(async move { (&*source).await })
        })
        .collect();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), 5);
    }
}

#[asyncio::test]
async fn a_coroutine_may_return_a_future() {
    // CPython: test_tasks.BaseTaskTests.test_coroutine_non_gen_function_return_future, test_step_result_future
    let future = asyncio::Future::new().unwrap();
    let inner = future.clone();
    let returns = asyncio::create_task(async move { Ok::<_, Error>(inner) });
    let setter = future.clone();
    let sets = asyncio::create_task(async move { setter.set_result("test") });
    let returned = returns.await.unwrap();
    assert!(returned == future);
    sets.await.unwrap();
    assert_eq!(returned.await.unwrap(), "test");
}

#[asyncio::test]
async fn anything_that_can_be_awaited_becomes_a_task() {
    // CPython: test_tasks.BaseTaskTests.test_ensure_future_awaitable, test_ensure_future_coroutine,
    // test_ensure_future_task_awaitable, test_create_task_with_asynclike_function
    struct Awaitable;
    impl IntoFuture for Awaitable {
        type Output = asyncio::Result<&'static str>;
        type IntoFuture = Ready<Self::Output>;

        fn into_future(self) -> Self::IntoFuture {
            ready(Ok("ok"))
        }
    }
    let task = asyncio::ensure_future(Awaitable).unwrap();
    assert_eq!(task.get_loop().unwrap(), asyncio::get_running_loop().unwrap());
    assert_eq!(task.await.unwrap(), "ok");
}

#[asyncio::test]
async fn a_task_that_is_ensured_is_the_task_itself() {
    // CPython: test_tasks.BaseTaskTests.test_ensure_future_task
    let task = asyncio::create_task(async { Ok::<_, Error>("ok") });
    let any = task.as_any();
    let same = asyncio::ensure_future(task).unwrap();
    assert!(same == any);
    assert_eq!(same.await.unwrap(), "ok");
}

#[asyncio::test]
async fn done_callbacks_run_in_their_order_through_the_ready_queue() {
    let journal = Journal::default();
    let task = asyncio::create_task(async {});
    for name in ["first", "removed", "second"] {
        let journal = journal.clone();
        let expected = task.as_any();
        let id = task.add_done_callback(move |task| {
            assert!(*task == expected && task.done());
            journal.note(name);
        });
        if name == "removed" {
            assert!(task.remove_done_callback(id));
            assert!(!task.remove_done_callback(id), "it is gone already");
        }
    }
    tick().await;
    assert!(task.done() && journal.entries().is_empty(), "nothing is called from inside the step");
    let late = journal.clone();
    task.add_done_callback(move |_| late.note("late"));
    tick().await;
    assert_eq!(journal.entries(), ["first", "second", "late"]);
}

#[test]
fn a_task_outlives_its_loop_as_a_handle_only() {
    let event_loop = asyncio::new_event_loop().unwrap();
    let task = event_loop.create_task(async { Ok::<_, Error>(3) }).unwrap();
    assert_eq!(task.get_loop().unwrap(), event_loop);
    event_loop.run_until_complete(async {}).unwrap();
    event_loop.close().unwrap();
    drop(event_loop);
    assert!(matches!(task.get_loop(), Err(Error::RuntimeError(_))));
    assert_eq!(task.into_result().unwrap(), 3, "what it left is still there");
}

#[asyncio::test]
async fn a_task_that_awaits_itself_gets_an_error() {
    // CPython: test_tasks.BaseTaskTests.test_task_awaits_on_itself
    let own = Rc::new(Cell::new(None::<Task<()>>));
    let place = own.clone();
    let task = asyncio::create_task(async move {
        let own = place.take().expect("it was put there before this began");
        own.await
    });
    own.set(Some(task));
    let me = asyncio::all_tasks().unwrap().pop().expect("the task is pending");
    ticks(2).await;
    let error = me.exception().unwrap().expect("it failed");
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("awaits itself")), "{error}");
}

#[test]
fn what_belongs_to_another_loop_cannot_be_awaited() {
    // CPython: test_tasks.BaseTaskTests.test_other_loop_future
    let (here, other) = (asyncio::new_event_loop().unwrap(), asyncio::new_event_loop().unwrap());
    let future = other.create_future::<()>();
    let task = Rc::new(other.create_task(async { Ok::<_, Error>(1) }).unwrap());
    let error = here.run_until_complete(future.clone()).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("creating.rs")), "{error}");
    let awaited = task.clone();
    let error = here.run_until_complete(async move { (&*awaited).await }).unwrap_err();
    assert!(matches!(&error, Error::RuntimeError(text) if text.as_str().contains("Task-1")), "{error}");
    // What is done is there for everybody.
    future.set_result(()).unwrap();
    other.run_until_complete(async {}).unwrap();
    here.run_until_complete(future).unwrap();
    assert_eq!(here.run_until_complete(async move { (&*task).await }).unwrap(), 1);
}

#[asyncio::test]
async fn ten_thousand_tasks_each_give_their_own_result() {
    for round in 0..3 {
        let tasks: Vec<_> = (0..10_000u64)
            .map(|number| {
                asyncio::create_task(async move {
                    ticks(number as usize % 3).await;
                    Ok::<_, Error>([number * 2 + round; 4])
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), [number as u64 * 2 + round; 4]);
        }
    }
}
