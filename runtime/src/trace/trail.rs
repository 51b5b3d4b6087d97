//! A trace in one line: what was waited for, and in which coroutines.

use std::fmt;

use super::{Entry, WaitsFor, record};

/// A copy of a trace, for reports that outlive the wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Vec<Entry>);

impl Trail {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        Self(entries)
    }

    /// Of what has just suspended, inside of the coroutine or boundary that asks.
    pub(crate) fn of_what_suspended() -> Self {
        Self(record::entries())
    }

    /// Whether it says no more than that something waited.
    pub(crate) fn is_empty(&self) -> bool {
        let unknown = |entry: &Entry| matches!(entry, Entry::Wait { wait, .. } if wait.kind == WaitsFor::Unknown);
        self.0.iter().all(unknown)
    }

    /// Whether it names a coroutine.
    pub(crate) fn has_frames(&self) -> bool {
        self.0.iter().any(|entry| matches!(entry, Entry::Frame { .. }))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, low: usize, high: usize) -> fmt::Result {
        let last = high - 1;
        let start = self.0[last].start().clamp(low, last);
        match self.0[last] {
            Entry::Frame { frame, .. } => {
                if start < last {
                    // Whatever else stands there does not wait any more.
                    self.write(f, start, last)?;
                } else {
                    f.write_str(WaitsFor::Unknown.text())?;
                }
                write!(f, " ← {}() called at {}", frame.name, frame.location)
            }
            Entry::Wait { wait, .. } => {
                f.write_str(wait.kind.text())?;
                if start < last {
                    f.write_str(" (")?;
                    self.write_siblings(f, start, last)?;
                    f.write_str(")")?;
                }
                Ok(())
            }
        }
    }

    fn write_siblings(&self, f: &mut fmt::Formatter<'_>, low: usize, high: usize) -> fmt::Result {
        let mut ends = Vec::new();
        let mut end = high;
        while end > low {
            ends.push(end);
            end = self.0[end - 1].start().clamp(low, end - 1);
        }
        for (number, end) in ends.iter().rev().enumerate() {
            f.write_str(if number > 0 { "; " } else { "" })?;
            let first = self.0[end - 1].start().clamp(low, end - 1);
            self.write(f, first, *end)?;
        }
        Ok(())
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str(WaitsFor::Unknown.text()) } else { self.write(f, 0, self.0.len()) }
    }
}

const _: () = {
    let mut number = 0;
    while number < WaitsFor::ALL.len() {
        assert!(WaitsFor::ALL[number] as usize == number, "each stands at its number");
        number += 1;
    }
    assert!(number == WaitsFor::Call as usize + 1, "none is missing");
};

impl WaitsFor {
    /// All, in the order of their numbers.
    pub(crate) const ALL: [Self; 23] = [
        Self::Unknown,
        Self::Sleep,
        Self::Future,
        Self::Task,
        Self::Thread,
        Self::Several,
        Self::Select,
        Self::Children,
        Self::Lock,
        Self::Event,
        Self::Condition,
        Self::Semaphore,
        Self::Barrier,
        Self::Get,
        Self::Put,
        Self::Join,
        Self::Socket,
        Self::Read,
        Self::Drain,
        Self::Close,
        Self::Process,
        Self::SendFile,
        Self::Call,
    ];

    /// What follows "waits".
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "for a future that is not asyncio's",
            Self::Sleep => "in sleep()",
            Self::Future => "for a future",
            Self::Task => "for a task",
            Self::Thread => "for a thread",
            Self::Several => "for several tasks",
            Self::Select => "in select!",
            Self::Children => "in a group",
            Self::Lock => "for a lock",
            Self::Event => "for an event",
            Self::Condition => "for a condition",
            Self::Semaphore => "for a semaphore",
            Self::Barrier => "at a barrier",
            Self::Get => "for an item of a queue",
            Self::Put => "for room in a queue",
            Self::Join => "until the items of a queue are done",
            Self::Socket => "for a socket",
            Self::Read => "for bytes of a stream",
            Self::Drain => "in drain()",
            Self::Close => "in wait_closed()",
            Self::Process => "for a process",
            Self::SendFile => "in sendfile()",
            Self::Call => "for a remote function",
        }
    }
}
