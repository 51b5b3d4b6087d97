//! Deadlocks: all tasks wait, and nobody is left who could wake one.
//!
//! The loop has found that nothing is ready and that it watches nothing. What it cannot know stands in reference counts:
//! whoever on another thread could call it holds its shared part, and whoever could wake a task holds that task's waker.
//! Both are counted here. What is counted too much only keeps a report from being made.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

use super::Snapshot;
use super::call_graph::call_stack;
use super::format::write_stack;
use crate::event_loop::{EventLoop, ExceptionContext, Inner};
use crate::exceptions::Error;
use crate::task::{AnyTask, Standing};
use crate::trace::WaitsFor;

/// Of more tasks the rest is counted.
const SHOWN: usize = 20;

/// What happens when a deadlock was reported.
#[derive(Clone, Debug, Default)]
pub(crate) enum OnDeadlock {
    /// The loop keeps waiting.
    #[default]
    Wait,
    /// The run ends with this error.
    End(Error),
    /// The run ends with a `RuntimeError` that says all, and nothing is reported.
    EndWithReport,
}

/// Looks for deadlocks while a run lasts.
#[derive(Debug)]
pub(crate) struct DeadlockWatch {
    event_loop: EventLoop,
    ended: Rc<RefCell<Option<Error>>>,
}

impl DeadlockWatch {
    pub(crate) fn begin(event_loop: &EventLoop, action: OnDeadlock) -> Self {
        let ended = Rc::new(RefCell::new(None));
        let (weak, end) = (Rc::downgrade(event_loop.inner()), ended.clone());
        event_loop.inner().set_stall_hook(Some(Rc::new(move || {
            let Some(inner) = weak.upgrade() else { return };
            let Some(text) = find(&inner) else { return };
            let error = match &action {
                OnDeadlock::EndWithReport => Some(Error::runtime_error(text)),
                OnDeadlock::Wait | OnDeadlock::End(_) => {
                    inner.call_exception_handler(ExceptionContext::new(text).code("ASY0001"));
                    match &action {
                        OnDeadlock::End(error) => Some(error.clone()),
                        _ => None,
                    }
                }
            };
            if error.is_some() {
                *end.borrow_mut() = error;
                inner.stop();
            }
        })));
        Self { event_loop: event_loop.clone(), ended }
    }

    /// The run is over; what ended it, if that was a deadlock. One during the clean-up is reported.
    pub(crate) fn end(self) -> Option<Error> {
        let ended = self.ended.take();
        drop(Self::begin(&self.event_loop, OnDeadlock::Wait));
        ended
    }
}

/// What there is to say of a deadlock, if there is one.
fn find(inner: &Inner) -> Option<String> {
    let snapshot = Snapshot::take(inner);
    let tasks = snapshot.tasks();
    let asleep = tasks.iter().all(|task| task.standing() == Standing::Waiting);
    if tasks.is_empty() || !asleep {
        return None;
    }
    let forgiven = if is_waiting_alone(tasks) {
        "there is one, and it waits for what nobody but Ctrl-C may be meant to end"
    } else if is_held_elsewhere(inner, tasks) {
        "another thread, or a waker that is kept somewhere, may wake one"
    } else {
        return Some(text(&snapshot));
    };
    crate::log::record!(debug, "all tasks have been asleep for a second; that is no deadlock: {forgiven}");
    None
}

/// Whether there is one task, and it waits for what nobody but Ctrl-C is to end.
fn is_waiting_alone(tasks: &[AnyTask]) -> bool {
    let [task] = tasks else { return false };
    let mut alone = true;
    task.each_wait(|kind, _| {
        alone &= matches!(kind, WaitsFor::Event | WaitsFor::Future | WaitsFor::Unknown);
    });
    alone
}

/// Whether somebody could call the loop or wake a task whom nobody here knows: another thread, a foreign channel.
fn is_held_elsewhere(inner: &Inner, tasks: &[AnyTask]) -> bool {
    let (mut own, mut lent) = (1, false);
    for task in tasks {
        if let Some(holders) = task.remote_holders() {
            own += 1;
            lent |= holders > 1;
        }
    }
    lent || Arc::strong_count(inner.shared()) > own
}

fn text(snapshot: &Snapshot) -> String {
    let tasks = snapshot.tasks();
    let mut text = String::from("all tasks are asleep, and nothing is left that could wake one");
    let cycles = snapshot.cycles();
    for cycle in &cycles {
        let names: Vec<_> = cycle.iter().map(|place| format!("{:?}", snapshot.task(*place).get_name())).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, "\nin a circle: {} waits for {}", names[0], names[1..].join(" waits for "));
        let _ = write!(text, "{}{}", if names.len() > 1 { " waits for " } else { "" }, names[0]);
    }
    // Those of the circles come first.
    let first: BTreeSet<_> = cycles.into_iter().flatten().collect();
    let others = (0..tasks.len()).filter(|place| !first.contains(place));
    for place in first.iter().copied().chain(others).take(SHOWN) {
        let task = snapshot.task(place);
        let _ = write!(text, "\n{:?} created at {}", task.get_name(), task.location());
        let mut lines = String::new();
        let _ = write_stack(&mut lines, &call_stack(snapshot, task), "  ");
        let _ = write!(text, "\n{}", lines.trim_end());
    }
    if tasks.len() > SHOWN {
        let _ = write!(text, "\nand {} more", tasks.len() - SHOWN);
    }
    text
}
