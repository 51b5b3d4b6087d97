//! What the call graph is made of: where a task stands, and who waits for it. The room `inspect` makes text of it.

use super::any::AnyTask;
use crate::event_loop::Inner;
use crate::trace::{self, Entry, Frame, Trail, WaitsFor};

/// What a task does just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has not begun.
    New,
    /// It is being polled; what it awaits is known once it has suspended.
    Running,
    /// It was woken and has not run yet.
    Due,
    Waiting,
    Done,
}

/// Where the running task waited last, inside of the coroutines that run.
pub(crate) fn current_trail() -> Trail {
    let Some(task) = super::waker::current().map(AnyTask::new) else { return Trail::default() };
    let (mut entries, mut around) = (task.trace(), task.running_frames());
    while let (Some(Entry::Frame { frame, .. }), Some(running)) = (entries.last(), around.pop()) {
        if *frame != running {
            break;
        }
        entries.pop();
    }
    Trail::new(entries)
}

impl AnyTask {
    pub(crate) fn standing(&self) -> Standing {
        let state = &self.task().header().state;
        match () {
            () if state.is_done() => Standing::Done,
            () if state.is_running() => Standing::Running,
            () if !state.is_started() => Standing::New,
            () if state.is_scheduled() => Standing::Due,
            () => Standing::Waiting,
        }
    }

    /// What suspended in its last step, in postorder; empty before its first.
    pub(crate) fn trace(&self) -> Vec<Entry> {
        let header = self.task().header();
        let trace = header.rare.get().map(|rare| &rare.trace).filter(|trace| !trace.is_empty());
        let wait = header.wait();
        match trace {
            Some(trace) => trace.entries(wait),
            None if header.state.is_done() || !header.state.is_started() => Vec::new(),
            None => vec![Entry::Wait { start: 0, wait }],
        }
    }

    /// The coroutines that run in it in this very moment, innermost first.
    pub(crate) fn running_frames(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        if super::waker::is_current(self.task()) {
            trace::running(|frame| frames.push(frame));
        }
        frames
    }

    /// Calls `f` with what it waits for: the kinds and addresses.
    pub(crate) fn each_wait(&self, mut f: impl FnMut(WaitsFor, usize)) {
        for entry in self.trace() {
            if let Entry::Wait { wait, .. } = entry {
                f(wait.kind, wait.address);
            }
        }
    }

    /// Calls `f` with the addresses of those who watch it beside others: a `gather()`, a group.
    pub(crate) fn each_watcher(&self, f: impl FnMut(usize)) {
        self.task().header().waiters.with(|waiters| waiters.each_watcher(f));
    }

    /// What tells it from all others that are alive.
    pub(crate) fn node(&self) -> usize {
        self.task().address().addr().get()
    }

    /// How many hold the half of it that may be on other threads; `None` if nobody ever has.
    pub(crate) fn remote_holders(&self) -> Option<usize> {
        // One of them is the task.
        let remote = self.task().header().rare.get()?.remote.get()?;
        Some(std::sync::Arc::strong_count(remote))
    }

    pub(crate) fn inner(&self) -> &Inner {
        self.task().header().task_loop.inner()
    }

    /// Its number on its loop.
    pub(crate) fn id(&self) -> u32 {
        self.task().header().id
    }
}
