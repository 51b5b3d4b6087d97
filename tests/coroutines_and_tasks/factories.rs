//! Task factories: what is asked about each new task.

use std::cell::Cell;
use std::rc::Rc;

use asyncio::{ContextVar, Error, Task, TaskOptions};

use crate::support::journal::Journal;
use crate::support::tasks::tick;

#[asyncio::test]
async fn a_factory_sees_each_new_task_and_may_change_it() {
    // CPython: test_base_events.BaseEventLoopTests.test_set_task_factory, test_create_named_task_with_custom_factory
    static LEVEL: ContextVar<u8> = ContextVar::new("level");
    let event_loop = asyncio::get_running_loop().unwrap();
    let made = Rc::new(Cell::new(0));
    let counter = made.clone();
    event_loop.set_task_factory(move |factory_loop, options: &mut TaskOptions| {
        assert_eq!(*factory_loop, asyncio::get_running_loop().unwrap());
        counter.set(counter.get() + 1);
        let name = options.name.take().unwrap_or_else(|| "nameless".to_owned());
        options.name = Some(format!("{name} #{}", counter.get()));
        let context = options.context.get_or_insert_with(asyncio::copy_context);
        context.run(|| LEVEL.set(9));
    });
    let plain = asyncio::create_task(async { Ok::<_, Error>(LEVEL.get()) });
    let named = Task::builder().name("reader").create_task(async {}).unwrap();
    let ensured = asyncio::ensure_future(async {}).unwrap();
    let on_loop = event_loop.create_task(async {}).unwrap();
    let names = [plain.get_name(), named.get_name(), ensured.get_name(), on_loop.get_name()];
    assert_eq!(names, ["nameless #1", "reader #2", "nameless #3", "nameless #4"]);
    assert_eq!(plain.await.unwrap(), Some(9));
    assert_eq!(LEVEL.get(), None);
    event_loop.clear_task_factory();
    assert!(asyncio::create_task(async {}).get_name().starts_with("Task-"));
    assert_eq!(made.get(), 4);
}

#[asyncio::test]
async fn an_eager_factory_around_another_does_both() {
    // CPython: test_eager_task_factory.EagerTaskFactoryLoopTests uses create_eager_task_factory throughout.
    let event_loop = asyncio::get_running_loop().unwrap();
    let naming = |_: &asyncio::EventLoop, options: &mut TaskOptions| options.name = Some("from inside".to_owned());
    event_loop.set_task_factory(asyncio::create_eager_task_factory(naming));
    let task = asyncio::create_task(async {});
    assert!(task.done());
    assert_eq!(task.get_name(), "from inside");
}

#[asyncio::test]
async fn a_factory_may_start_tasks_and_replace_itself() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let journal = Journal::default();
    let notes = journal.clone();
    event_loop.set_task_factory(move |event_loop, _| {
        event_loop.clear_task_factory();
        let notes = notes.clone();
        drop(asyncio::create_task(async move { notes.note("started by the factory") }));
    });
    let notes = journal.clone();
    asyncio::create_task(async move { notes.note("the task itself") }).await.unwrap();
    tick().await;
    assert_eq!(journal.entries(), ["started by the factory", "the task itself"]);
}

#[test]
fn a_factory_is_dropped_with_its_loop() {
    let alive = Rc::new(());
    let held = alive.clone();
    let event_loop = asyncio::new_event_loop().unwrap();
    event_loop.set_task_factory(move |_, _| {
        let _ = &held;
    });
    event_loop.run_until_complete(async {}).unwrap();
    event_loop.close().unwrap();
    assert_eq!(Rc::strong_count(&alive), 1);
}
