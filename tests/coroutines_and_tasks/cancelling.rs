//! Cancelling one task: when it is heard, what it ends, what stays.

use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use asyncio::{Error, Future};

use crate::support::journal::Journal;
use crate::support::tasks::{Dropped, HOUR, me, tick, ticks};

#[asyncio::test(virtual_time)]
async fn a_cancel_ends_a_suspended_task() {
    // CPython: test_tasks.BaseTaskTests.test_cancel
    let task = asyncio::create_task(asyncio::sleep(HOUR));
    tick().await;
    assert!(task.cancel());
    assert!(!task.done() && !task.cancelled(), "it ends in its next step");
    tick().await;
    assert!(task.done() && task.cancelled());
    assert!(!task.cancel(), "it is done");
    assert_eq!(task.cancelling(), 1, "a refused request is not counted");
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test]
async fn a_cancel_between_two_yields_ends_a_task() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_yield
    let journal = Journal::default();
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        for _ in 0..2 {
            tick().await;
            notes.note("yielded");
        }
    });
    tick().await;
    assert!(task.cancel());
    tick().await;
    assert!(task.cancelled() && !task.cancel());
    assert!(journal.entries().is_empty(), "the tick that was due is not taken any more");
}

#[asyncio::test]
async fn a_task_that_was_cancelled_before_its_first_step_never_begins() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_with_message_before_starting_task
    let journal = Journal::default();
    let inner = journal.clone();
    let value = Dropped::noted(&journal, "dropped");
    let task = asyncio::create_task(async move {
        inner.note("begun");
        drop(value);
    });
    task.cancel_with("my message");
    assert!(journal.entries().is_empty());
    tick().await;
    assert_eq!(journal.entries(), ["dropped"]);
    match task.await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("my message")),
        other => panic!("{other:?}"),
    }
}

#[asyncio::test]
async fn the_message_stands_in_the_error() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_with_message_then_future_result and ..._then_future_exception
    for message in [None, Some("my message")] {
        let task = asyncio::create_task(asyncio::sleep(HOUR));
        tick().await;
        match message {
            Some(message) => task.cancel_with(message),
            None => task.cancel(),
        };
        tick().await;
        for error in [task.result().unwrap_err(), task.exception().unwrap_err(), task.await.unwrap_err()] {
            let Error::CancelledError(error) = error else { panic!("{error:?}") };
            assert_eq!(error.message(), message);
        }
    }
}

#[asyncio::test(virtual_time)]
async fn two_cancels_in_one_tick_count_two_and_end_it_once() {
    let journal = Journal::default();
    let inner = journal.clone();
    let task = asyncio::create_task(async move {
        let caught = asyncio::catch_cancelled(asyncio::sleep(HOUR)).await.unwrap_err();
        inner.note(caught.message().unwrap_or_default());
        assert_eq!(me().cancelling(), 2);
        ticks(3).await;
        Ok::<_, Error>("went on")
    });
    tick().await;
    assert!(task.cancel_with("first") && task.cancel_with("second"));
    assert_eq!(task.cancelling(), 2);
    assert_eq!(task.await.unwrap(), "went on");
    assert_eq!(journal.entries(), ["first"]);
}

#[asyncio::test(virtual_time)]
async fn a_task_that_cancels_itself_leaves_at_its_next_await() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_current_task
    let journal = Journal::default();
    let inner = journal.clone();
    let began = asyncio::get_running_loop().unwrap().time();
    let task = asyncio::create_task(async move {
        assert!(me().cancel());
        inner.note("runs on to its next await");
        asyncio::sleep(HOUR).await;
        inner.note("never");
    });
    assert!((&task).await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["runs on to its next await"]);
    assert_eq!(asyncio::get_running_loop().unwrap().time(), began, "the sleep did not take place");
    assert!(!task.cancel());
}

#[asyncio::test]
async fn a_task_that_cancels_itself_and_fails_has_failed() {
    // As in Python, where only a result is lost by a request that no await has met.
    let task = asyncio::create_task(async {
        asyncio::current_task()?.expect("it is one").cancel();
        Err::<(), _>(Error::value_error("not to be lost"))
    });
    let error = (&task).await.unwrap_err();
    assert!(matches!(&error, Error::ValueError(text) if text.as_str() == "not to be lost"), "{error}");
    assert!(!task.cancelled());
}

#[asyncio::test]
async fn a_task_that_cancels_itself_and_returns_is_cancelled() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_at_end
    let task = asyncio::create_task(async {
        me().cancel();
        Ok::<_, Error>(12)
    });
    assert!((&task).await.unwrap_err().is_cancelled());
    assert!(task.cancelled());
}

#[asyncio::test]
async fn a_cancel_in_the_tick_of_a_value_wins_and_the_value_stays() {
    let journal = Journal::default();
    let future = Future::new().unwrap();
    let (wait, notes) = (future.clone(), journal.clone());
    let task = asyncio::create_task(async move {
        let value = wait.await;
        notes.note(format!("{value:?}"));
        value
    });
    tick().await;
    future.set_result("arrived").unwrap();
    assert!(task.cancel(), "the step that would take it has not run yet");
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(journal.entries().is_empty());
    assert_eq!(future.await.unwrap(), "arrived", "the value stays where it came from");
}

#[asyncio::test(virtual_time)]
async fn a_cancel_in_the_tick_of_a_timer_wins() {
    let journal = Journal::default();
    let notes = journal.clone();
    let event_loop = asyncio::get_running_loop().unwrap();
    let task = asyncio::create_task(async move {
        asyncio::sleep(HOUR).await;
        notes.note("slept in");
    });
    let cancel = task.as_any();
    // The older one of two timers at the same time: it runs before the step that the other one makes due.
    event_loop.call_later(HOUR, move || assert!(cancel.cancel())).unwrap();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(journal.entries().is_empty());
}

#[asyncio::test]
async fn what_a_task_took_before_the_cancel_it_has() {
    let future = Future::new().unwrap();
    future.set_result(String::from("there already")).unwrap();
    let journal = Journal::default();
    let (inner, notes) = (future.clone(), journal.clone());
    let task = asyncio::create_task(async move {
        me().cancel();
        // Ready at its first poll: a value that is there is taken, cancelled or not.
        notes.note(inner.await.unwrap());
        tick().await;
        notes.note("never");
    });
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["there already"]);
}

#[asyncio::test]
async fn a_task_that_never_suspends_again_cannot_be_interrupted() {
    let journal = Journal::default();
    let inner = journal.clone();
    let task = asyncio::create_task(async move {
        tick().await;
        me().cancel();
        for number in 0..3 {
            std::future::ready(()).await;
            inner.note(number.to_string());
        }
    });
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["0", "1", "2"]);
}

#[asyncio::test]
async fn cancelling_what_a_task_awaits_cancels_the_task() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_inner_future
    let future = Future::<()>::new().unwrap();
    let inner = future.clone();
    let task = asyncio::create_task(async move { inner.await });
    tick().await;
    future.cancel_with("no more");
    match (&task).await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("no more")),
        other => panic!("{other:?}"),
    }
    assert!(task.cancelled() && future.cancelled());
    assert_eq!(task.cancelling(), 0, "nobody cancelled the task");
}

#[asyncio::test]
async fn cancelling_both_a_task_and_what_it_awaits_cancels_both() {
    // CPython: test_tasks.BaseTaskTests.test_cancel_both_task_and_inner_future
    let future = Future::<()>::new().unwrap();
    let inner = future.clone();
    let task = asyncio::create_task(async move { inner.await });
    tick().await;
    future.cancel();
    task.cancel();
    assert!((&task).await.unwrap_err().is_cancelled());
    assert!(task.cancelled() && future.cancelled());
}

#[asyncio::test]
async fn a_future_that_is_awaited_is_cancelled_with_the_task() {
    // CPython: test_tasks.BaseTaskTests.test_task_cancel_waiter_future
    let future = Future::<()>::new().unwrap();
    let inner = future.clone();
    let task = asyncio::create_task(async move { inner.await });
    tick().await;
    task.cancel();
    assert!(future.cancelled(), "at once");
    tick().await;
    assert!(task.cancelled());
}

#[asyncio::test]
async fn destructors_run_from_the_inside_out_in_the_task() {
    struct InTask(Journal, &'static str);
    impl Drop for InTask {
        fn drop(&mut self) {
            self.0.note(format!("{} in {}", self.1, me().get_name()));
        }
    }
    let journal = Journal::default();
    let notes = journal.clone();
    // None of these returns a `Result`, and none knows of cancellation.
    async fn inner(journal: Journal) {
        let _value = InTask(journal, "inner");
        pending::<()>().await;
    }
    async fn middle(journal: Journal) {
        let _value = InTask(journal.clone(), "middle");
        inner(journal).await;
    }
    let task = asyncio::create_task(async move {
        let _value = InTask(notes.clone(), "outer");
        middle(notes).await;
    })
    .named("the task");
    tick().await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(journal.entries(), ["inner in the task", "middle in the task", "outer in the task"]);
}

#[asyncio::test]
async fn a_future_of_anybody_s_can_be_left() {
    let journal = Journal::default();
    let value = Dropped::noted(&journal, "dropped");
    let task = asyncio::create_task(poll_fn(move |_| {
        let _keep = &value;
        Poll::<()>::Pending
    }));
    tick().await;
    task.cancel();
    tick().await;
    assert!(task.cancelled());
    assert_eq!(journal.entries(), ["dropped"]);
}

#[asyncio::test]
async fn a_coroutine_that_returns_the_error_ends_as_cancelled() {
    let cancelled = asyncio::create_task(pending::<()>());
    cancelled.cancel_with("elsewhere");
    let task = asyncio::create_task(async move {
        cancelled.await?;
        Ok::<_, Error>(())
    });
    match (&task).await {
        Err(Error::CancelledError(error)) => assert_eq!(error.message(), Some("elsewhere")),
        other => panic!("{other:?}"),
    }
    assert!(task.cancelled());
    assert_eq!(task.cancelling(), 0);
}

#[asyncio::test]
async fn the_end_of_another_task_by_a_cancel_is_a_value_to_go_on_from() {
    let other = asyncio::create_task(pending::<()>());
    tick().await;
    other.cancel();
    assert!(other.await.is_err_and(|error| error.is_cancelled()));
    tick().await;
}

#[asyncio::test]
async fn the_cancel_of_another_task_can_be_made_an_error_of_one_s_own() {
    // CPython: test_tasks.BaseTaskTests.test_cancellation_exception_context
    let inner = asyncio::create_task(pending::<()>());
    let cancel = inner.as_any();
    asyncio::get_running_loop().unwrap().call_soon(move || assert!(cancel.cancel_with("msg"))).unwrap();
    let wraps = async move { inner.await.map_err(|error| Error::value_error(format!("left: {error}"))) };
    let task = asyncio::create_task(wraps);
    let error = (&task).await.unwrap_err();
    assert_eq!(error.to_string(), "ValueError: left: CancelledError: msg");
    assert!(!task.cancelled());
}

#[asyncio::test]
async fn a_cancel_from_a_task_s_own_destructor_is_refused_or_harmless() {
    struct Canceller;
    impl Drop for Canceller {
        fn drop(&mut self) {
            me().cancel();
        }
    }
    let task = asyncio::create_task(async {
        let _value = Canceller;
        pending::<()>().await;
    });
    tick().await;
    task.cancel();
    tick().await;
    assert!(task.cancelled());
    let task = asyncio::create_task(async {
        let _value = Canceller;
        tick().await;
        Ok::<_, Error>(())
    });
    assert!(task.await.unwrap_err().is_cancelled(), "it cancelled itself before its end");
}

#[asyncio::test]
async fn a_hundred_waiters_can_be_cancelled_in_any_order() {
    let future = Future::<()>::new().unwrap();
    let shared = Rc::new(asyncio::create_task({
        let future = future.clone();
        async move { future.await }
    }));
    let mut waiters: Vec<_> = (0..100)
        .map(|_| {
            let shared = shared.clone();
            asyncio::create_task(async move { asyncio::shield(async move { (&*shared).await }).await })
        })
        .collect();
    ticks(3).await;
    for number in [99, 0, 50, 7] {
        let waiter = waiters.remove(number.min(waiters.len() - 1));
        waiter.cancel();
        assert!(waiter.await.unwrap_err().is_cancelled());
    }
    future.set_result(()).unwrap();
    for waiter in waiters {
        waiter.await.unwrap();
    }
}
