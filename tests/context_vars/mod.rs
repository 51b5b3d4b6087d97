//! Context variables: <https://docs.python.org/3/library/contextvars.html>, and how callbacks and tasks carry them.

use std::time::Duration;

use asyncio::{Context, ContextVar, Error, EventLoop, Task, copy_context};

use crate::support::net::running;
use crate::support::ticks::{Trace, tick};

static USER: ContextVar<&str> = ContextVar::new("user");
static LIMIT: ContextVar<u32> = ContextVar::with_default("limit", || 10);

#[test]
fn a_variable_has_a_name_and_its_default_until_it_is_set() {
    assert_eq!((USER.name(), LIMIT.name()), ("user", "limit"));
    assert_eq!((USER.get(), LIMIT.get()), (None, Some(10)));
    Context::new().run(|| {
        LIMIT.set(3);
        assert_eq!(LIMIT.get(), Some(3));
    });
    assert_eq!(LIMIT.get(), Some(10));
    assert!(format!("{USER:?}").contains("user"));
}

#[test]
fn what_is_set_in_a_context_stays_in_it() {
    let context = Context::new();
    context.run(|| USER.set("ada"));
    assert_eq!(USER.get(), None);
    assert_eq!(context.run(|| USER.get()), Some("ada"));
    let (clone, copy) = (context.clone(), context.copy());
    context.run(|| USER.set("grace"));
    assert_eq!(clone.run(|| USER.get()), Some("grace"), "a clone is the same context");
    assert_eq!(copy.run(|| USER.get()), Some("ada"), "a copy is another one");
}

#[test]
fn contexts_can_be_nested_and_entered_again() {
    // Python refuses to enter a context that is entered; see differences.md.
    let (outer, inner) = (Context::new(), Context::new());
    outer.run(|| {
        USER.set("outer");
        inner.run(|| {
            assert_eq!(USER.get(), None);
            USER.set("inner");
            outer.run(|| assert_eq!(USER.get(), Some("outer")));
            assert_eq!(USER.get(), Some("inner"));
        });
        assert_eq!(USER.get(), Some("outer"));
        assert_eq!(copy_context().run(|| USER.get()), Some("outer"));
    });
    assert_eq!(USER.get(), None);
}

#[test]
fn a_panic_in_a_context_leaves_it_all_the_same() {
    let context = Context::new();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        context.run(|| {
            USER.set("ada");
            panic!("inside");
        })
    }));
    assert!(caught.is_err());
    assert_eq!(USER.get(), None);
    assert_eq!(context.run(|| USER.get()), Some("ada"));
}

#[test]
fn a_token_puts_back_what_was_there() {
    Context::new().run(|| {
        let unset = USER.set("ada");
        let ada = USER.set("grace");
        USER.reset(ada).unwrap();
        assert_eq!(USER.get(), Some("ada"));
        USER.reset(unset).unwrap();
        assert_eq!(USER.get(), None);
        let default = LIMIT.set(1);
        LIMIT.reset(default).unwrap();
        assert_eq!(LIMIT.get(), Some(10));
    });
}

#[test]
fn a_token_of_another_variable_is_refused() {
    static OTHER: ContextVar<&str> = ContextVar::new("other");
    Context::new().run(|| {
        USER.set("ada");
        let token = OTHER.set("something");
        let error = USER.reset(token).unwrap_err();
        assert!(matches!(&error, Error::ValueError(text) if text.as_str().contains("user")), "{error}");
        assert_eq!((USER.get(), OTHER.get()), (Some("ada"), Some("something")));
    });
}

#[test]
fn a_token_of_another_context_is_refused() {
    let token = Context::new().run(|| USER.set("ada"));
    Context::new().run(|| {
        USER.set("grace");
        let error = USER.reset(token).unwrap_err();
        assert!(matches!(&error, Error::ValueError(text) if text.as_str().contains("context")), "{error}");
        assert_eq!(USER.get(), Some("grace"));
    });
}

#[test]
fn many_variables_keep_their_values_apart_however_often_they_are_set() {
    static VARIABLES: [ContextVar<usize>; 8] = [const { ContextVar::new("one of many") }; 8];
    Context::new().run(|| {
        for round in 0..1_000 {
            VARIABLES[round % 8].set(round);
            let snapshot = copy_context();
            VARIABLES[(round + 3) % 8].set(usize::MAX);
            assert_eq!(snapshot.run(|| VARIABLES[round % 8].get()), Some(round));
            VARIABLES[(round + 3) % 8].set((round + 3).saturating_sub(8));
        }
        let last: Vec<_> = VARIABLES.iter().map(|variable| variable.get().unwrap()).collect();
        assert!(last.iter().all(|value| *value < 1_002), "{last:?}");
    });
}

#[test]
fn a_value_goes_with_its_last_context() {
    static SHARED: ContextVar<std::rc::Rc<()>> = ContextVar::local("shared");
    let value = std::rc::Rc::new(());
    let context = Context::new();
    context.run(|| SHARED.set(value.clone()));
    assert_eq!(std::rc::Rc::strong_count(&value), 2);
    drop(context);
    assert_eq!(std::rc::Rc::strong_count(&value), 1);
}

#[asyncio::test]
async fn a_task_has_a_copy_of_its_creators_context() {
    // CPython: test_context.DecimalContextTest.test_asyncio_task_decimal_context, test_tasks.test_context_1, …_2
    USER.set("parent");
    let child = asyncio::create_task(async {
        assert_eq!(USER.get(), Some("parent"));
        USER.set("child");
        asyncio::sleep(Duration::ZERO).await;
        let grandchild = asyncio::create_task(async { Ok::<_, Error>(USER.get()) });
        Ok::<_, Error>((USER.get(), grandchild.await?))
    });
    asyncio::sleep(Duration::ZERO).await;
    USER.set("parent, later");
    assert_eq!(child.await.unwrap(), (Some("child"), Some("child")));
    assert_eq!(USER.get(), Some("parent, later"));
}

#[asyncio::test]
async fn tasks_that_take_turns_do_not_see_each_others_values() {
    // CPython: test_context.DecimalContextTest.test_asyncio_task_decimal_context
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            asyncio::create_task(async move {
                LIMIT.set(number);
                for _ in 0..5 {
                    asyncio::sleep(Duration::ZERO).await;
                    assert_eq!(LIMIT.get(), Some(number));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(LIMIT.get(), Some(10));
}

#[asyncio::test]
async fn a_context_that_is_given_is_the_tasks_own() {
    // CPython: test_tasks: create_task(…, context=…)
    let context = copy_context();
    let change = || async {
        USER.set(if USER.get().is_none() { "first" } else { "second" });
    };
    Task::builder().context(context.clone()).create_task(change()).unwrap().await.unwrap();
    assert_eq!(context.run(|| USER.get()), Some("first"));
    let task = Task::builder().context(context.clone()).create_task(change()).unwrap();
    task.await.unwrap();
    assert_eq!(context.run(|| USER.get()), Some("second"));
    assert_eq!(USER.get(), None);
}

#[asyncio::test]
async fn awaiting_a_coroutine_shares_its_context() {
    async fn login() {
        asyncio::sleep(Duration::ZERO).await;
        USER.set("ada");
    }
    login().await;
    assert_eq!(USER.get(), Some("ada"));
}

#[asyncio::test]
async fn callbacks_of_a_task_carry_its_values() {
    // CPython: test_tasks.BaseTaskTests.test_context_3…6, by call_soon, call_later and add_done_callback
    USER.set("ada");
    let (future, trace) = (running().create_future(), Trace::new());
    let noting = || {
        let noted = trace.clone();
        move || noted.push(USER.get())
    };
    running().call_soon(noting()).unwrap();
    running().call_later(Duration::ZERO, noting()).unwrap();
    let noted = noting();
    future.add_done_callback(move |_| noted());
    future.set_result(()).unwrap();
    USER.set("grace");
    asyncio::sleep(Duration::from_millis(1)).await;
    assert_eq!(trace.all(), [Some("ada"); 3]);
}

#[test]
fn the_context_of_whoever_runs_the_loop_is_not_that_of_its_callbacks() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let noted = trace.clone();
    event_loop
        .call_soon(move || {
            noted.push(USER.get());
            USER.set("inside");
        })
        .unwrap();
    Context::new().run(|| {
        USER.set("outside");
        tick(&event_loop);
        assert_eq!(USER.get(), Some("outside"));
    });
    assert_eq!(trace.all(), [None]);
    event_loop.close().unwrap();
}
