//! Tasks and context variables.

use asyncio::{ContextVar, Error, Future, Task};

use crate::support::tasks::{millis, tick, ticks};

static CVAR: ContextVar<String> = ContextVar::new("cvar");

fn set(value: &str) {
    CVAR.set(value.to_owned());
}

#[asyncio::test]
async fn a_task_has_a_copy_of_its_creator_s_context() {
    // CPython: test_tasks.BaseTaskIntrospectionTests / BaseTaskTests.test_context_1
    let task = asyncio::create_task(async {
        tick().await;
        assert_eq!(CVAR.get(), None, "set after this was created");
        set("something else");
        Ok::<_, Error>(())
    });
    set("yes");
    task.await.unwrap();
    assert_eq!(CVAR.get().as_deref(), Some("yes"));
}

#[asyncio::test(virtual_time)]
async fn done_callbacks_and_suspensions_leave_the_context_alone() {
    // CPython: test_tasks.BaseTaskTests.test_context_2
    for j in 0..2 {
        let future = Future::new().unwrap();
        future.add_done_callback(|_| set("something else"));
        set(&format!("yes{j}"));
        let setter = future.clone();
        asyncio::get_running_loop().unwrap().call_soon(move || setter.set_result(()).unwrap()).unwrap();
        future.await.unwrap();
        assert_eq!(CVAR.get(), Some(format!("yes{j}")));
        for i in 0..3 {
            set(&format!("yes{i}-{j}"));
            asyncio::sleep(millis(1)).await;
            assert_eq!(CVAR.get(), Some(format!("yes{i}-{j}")));
        }
    }
}

#[asyncio::test(virtual_time)]
async fn a_hundred_tasks_have_a_hundred_contexts() {
    // CPython: test_tasks.BaseTaskTests.test_context_3
    let tasks: Vec<_> = (0..100u64)
        .map(|number| {
            asyncio::create_task(async move {
                for round in 0..10 {
                    set(&format!("{number}-{round}"));
                    asyncio::sleep(millis((number * 7 + round * 13) % 50)).await;
                    assert_eq!(CVAR.get(), Some(format!("{number}-{round}")));
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(CVAR.get(), None);
}

#[asyncio::test]
async fn a_context_that_is_given_is_shared() {
    // CPython: test_tasks.BaseTaskTests.test_context_4, test_context_5, test_context_6, test_get_context
    let context = asyncio::copy_context();
    let seen = || context.run(|| CVAR.get());
    let mut values = vec![seen()];
    for value in ["1", "2"] {
        let task = Task::builder().context(context.clone()).create_task(async move {
            tick().await;
            set(value);
        });
        let task = task.unwrap();
        task.get_context().run(|| CVAR.get());
        (&task).await.unwrap();
        assert_eq!(task.get_context().run(|| CVAR.get()).as_deref(), Some(value));
        values.push(seen());
    }
    assert_eq!(values, [None, Some("1".to_owned()), Some("2".to_owned())]);
    assert_eq!(CVAR.get(), None);
}

#[asyncio::test]
async fn the_context_of_a_task_can_be_looked_at_while_it_runs_and_waits() {
    let task = asyncio::create_task(async {
        let inside = asyncio::current_task()?.expect("this is a task").get_context();
        set("inside");
        assert_eq!(inside.run(|| CVAR.get()).as_deref(), Some("inside"), "it is the very context");
        ticks(2).await;
        Ok::<_, Error>(CVAR.get())
    });
    tick().await;
    let context = task.get_context();
    assert_eq!(context.run(|| CVAR.get()).as_deref(), Some("inside"));
    context.run(|| set("from outside"));
    assert_eq!(task.await.unwrap().as_deref(), Some("from outside"));
}

#[asyncio::test]
async fn destructors_of_a_task_that_leaves_see_its_context() {
    struct Witness(std::rc::Rc<std::cell::RefCell<Option<String>>>);
    impl Drop for Witness {
        fn drop(&mut self) {
            *self.0.borrow_mut() = CVAR.get();
        }
    }
    let seen = std::rc::Rc::default();
    let witness = Witness(std::rc::Rc::clone(&seen));
    let task = asyncio::create_task(async move {
        set("the task's");
        let _witness = witness;
        std::future::pending::<()>().await;
    });
    tick().await;
    task.cancel();
    tick().await;
    assert_eq!(seen.borrow().as_deref(), Some("the task's"));
}
