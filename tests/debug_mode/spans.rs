//! Feature `tracing`: what a subscriber such as tokio-console's sees of tasks.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio::{Result, create_task, sleep};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Notes what it is told, each entry under the name of its task.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    entries: Vec<(u64, String)>,
    names: HashMap<u64, String>,
    holders: HashMap<u64, usize>,
    fields: HashMap<u64, HashMap<String, String>>,
}

#[derive(Default)]
struct Fields(HashMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Seen {
    fn note(&self, id: &Id, what: &str) {
        self.0.lock().unwrap().entries.push((id.into_u64(), what.to_owned()));
    }

    /// What was noted of the task with that name.
    fn of(&self, name: &str) -> Vec<String> {
        let notes = self.0.lock().unwrap();
        let is_it = |id: &u64| notes.names.get(id).is_some_and(|other| other == name);
        notes.entries.iter().filter(|(id, _)| is_it(id)).map(|(_, what)| what.clone()).collect()
    }

    fn field(&self, name: &str, field: &str) -> String {
        let notes = self.0.lock().unwrap();
        let (id, _) = notes.names.iter().find(|(_, other)| *other == name).expect("the task has a span");
        notes.fields[id][field].clone()
    }

    /// Runs a program that it watches.
    fn watch<T>(&self, program: impl FnOnce() -> T) -> T {
        tracing::subscriber::with_default(self.clone(), program)
    }
}

impl Subscriber for Seen {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("runtime")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        assert_eq!((span.metadata().name(), span.is_root()), ("runtime.spawn", true));
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut notes = self.0.lock().unwrap();
        let id = notes.names.len() as u64 + 1;
        notes.names.insert(id, fields.0["task.name"].clone());
        notes.fields.insert(id, fields.0);
        notes.holders.insert(id, 1);
        notes.entries.push((id, "begins".to_owned()));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        assert_eq!(event.metadata().target(), "runtime::waker");
        let mut fields = Fields::default();
        event.record(&mut fields);
        let id = Id::from_u64(fields.0["task.id"].parse().unwrap());
        self.note(&id, &fields.0["op"]);
    }

    fn enter(&self, id: &Id) {
        self.note(id, "enters");
    }

    fn exit(&self, id: &Id) {
        self.note(id, "leaves");
    }

    fn clone_span(&self, id: &Id) -> Id {
        *self.0.lock().unwrap().holders.get_mut(&id.into_u64()).unwrap() += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut notes = self.0.lock().unwrap();
        let holders = notes.holders.get_mut(&id.into_u64()).unwrap();
        *holders -= 1;
        let closed = *holders == 0;
        if closed {
            notes.entries.push((id.into_u64(), "ends".to_owned()));
        }
        closed
    }
}

#[test]
fn a_task_is_a_span_that_is_entered_for_each_step_and_ends_with_the_task() {
    let seen = Seen::default();
    let line = line!() + 2;
    let program = async {
        let task = create_task(sleep(Duration::from_millis(1))).named("the worker");
        task.await?;
        // Still held when the span has ended.
        Ok::<_, asyncio::Error>(())
    };
    seen.watch(|| asyncio::run(program)).unwrap();
    let steps = ["begins", "waker.clone", "enters", "leaves", "waker.wake_by_ref", "enters", "leaves", "ends"];
    assert_eq!(seen.of("the worker"), steps);
    assert_eq!(seen.field("the worker", "kind"), "task");
    assert!(seen.field("the worker", "loc.file").ends_with("spans.rs"));
    assert_eq!(seen.field("the worker", "loc.line"), line.to_string());
    assert_eq!(seen.of("Task-1").last().unwrap(), "ends");
}

/// Notes that it is dropped.
struct CleanUp(Seen);

impl Drop for CleanUp {
    fn drop(&mut self) {
        let mut notes = self.0.0.lock().unwrap();
        let worker = notes.names.iter().find_map(|(id, name)| (name == "the worker").then_some(*id)).unwrap();
        notes.entries.push((worker, "cleans up".to_owned()));
    }
}

#[test]
fn the_destructors_of_a_cancelled_task_run_in_its_span() {
    let seen = Seen::default();
    let clean_up = CleanUp(seen.clone());
    let program = async {
        let task = create_task(async move {
            let _clean_up = clean_up;
            sleep(Duration::from_secs(3600)).await;
        })
        .named("the worker");
        sleep(Duration::ZERO).await;
        task.cancel();
        task.await.unwrap_err();
    };
    seen.watch(|| asyncio::run(program)).unwrap();
    let entries = seen.of("the worker");
    assert!(entries.ends_with(&["enters", "cleans up", "leaves", "ends"].map(str::to_owned)), "{entries:?}");
}

#[test]
fn a_task_that_never_begins_has_no_span() {
    let seen = Seen::default();
    let program = async {
        let task = create_task(async {}).named("the worker");
        task.cancel();
        task.await.unwrap_err();
    };
    seen.watch(|| asyncio::run(program)).unwrap();
    assert!(seen.of("the worker").is_empty(), "{:?}", seen.of("the worker"));
    assert!(!seen.of("Task-1").is_empty());
}

#[test]
fn children_of_a_scope_are_entered_once_a_step() -> Result<()> {
    let seen = Seen::default();
    let program = async {
        let number = 7;
        asyncio::scope(async |scope| {
            scope.spawn(async {
                sleep(Duration::ZERO).await;
                assert_eq!(number, 7);
                Ok::<_, asyncio::Error>(())
            });
            Ok(())
        })
        .await
    };
    seen.watch(|| asyncio::run(program))?;
    let entries = seen.of("Task-2");
    assert_eq!(entries.iter().filter(|entry| *entry == "enters").count(), 2, "{entries:?}");
    assert_eq!(entries.last().unwrap(), "ends", "{entries:?}");
    Ok(())
}
