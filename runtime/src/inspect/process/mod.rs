//! The tasks of another process, read from its memory: what `asyncio ps` and `asyncio pstree` print.
//!
//! Nothing runs in that process and nothing stops it, so a loop that is stuck can be looked at, and one that runs may have
//! gone on between two reads: what does not fit together is left out. Linux only.

mod find;
mod layout;
mod memory;
mod peers;
mod read;
mod rights;
mod show;

use std::time::{Duration, Instant};

use crate::exceptions::Result;
use crate::sys::Doing;
use memory::Memory;

/// The loops and tasks of another process, or of this one, at one moment. Python: `python -m asyncio ps`.
///
/// # Examples
///
/// ```
/// # #[cfg(target_os = "linux")]
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let tasks = asyncio::ProcessTasks::read(std::process::id())?;
///     assert!(tasks.table().contains("Task-1"));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct ProcessTasks {
    loops: Vec<LoopView>,
    /// When they were read.
    at: Instant,
}

/// One loop.
#[derive(Clone, Debug)]
struct LoopView {
    thread: usize,
    figures: FigureView,
    /// What the thread does that runs a task.
    doing: Option<Doing>,
    tasks: Vec<TaskView>,
}

/// What it counts.
#[derive(Clone, Copy, Debug, Default)]
struct FigureView {
    callbacks: u64,
    /// Since an earlier look.
    a_second: Option<u64>,
    ready: u64,
    timers: u64,
    descriptors: u64,
    longest_batch: Duration,
    /// Zero where nobody looks.
    longest_callback: Duration,
}

/// One task.
#[derive(Clone, Debug)]
struct TaskView {
    id: u32,
    name: String,
    created: String,
    running: bool,
    address: usize,
    /// In postorder, as the task keeps it.
    trace: Vec<Line>,
    /// The places of the tasks that it waits for.
    awaits: Vec<usize>,
    /// What may be the addresses of those who watch it.
    watchers: Vec<usize>,
}

/// One entry of a trace.
#[derive(Clone, Debug)]
struct Line {
    text: String,
    coroutine: bool,
    /// Not of a wait for what nobody has named.
    is_known: bool,
    start: usize,
    waits_at: usize,
}

impl TaskView {
    /// Where it stands, in one line.
    fn chain(&self) -> String {
        let lines: Vec<_> = self.trace.iter().map(|line| line.text.as_str()).collect();
        lines.join(" ← ")
    }

    /// Of one that runs: where it waited last, if that is known.
    fn before(&self) -> Option<String> {
        let waited = self.trace.len() > 1 || self.trace.iter().any(|line| line.is_known);
        waited.then(|| self.chain().replacen("waits", "waited", 1))
    }
}

impl ProcessTasks {
    /// Reads the tasks of a process.
    ///
    /// # Errors
    ///
    /// `OsError` if there is no such process, or it may not be read; `RuntimeError` if it runs no loop of asyncio, or one
    /// of another version; `NotImplementedError` elsewhere than on Linux.
    pub fn read(process: u32) -> Result<Self> {
        read::read(&find::beacon(&Memory::of(process)?)?)
    }

    /// The task that is being run on a thread, and where it waited last.
    pub(super) fn running_on(&self, thread: usize) -> Option<String> {
        let of_thread = self.loops.iter().filter(|one| one.thread == thread);
        let task = of_thread.flat_map(|one| &one.tasks).find(|task| task.running)?;
        let (name, created) = (&task.name, &task.created);
        let before = task.before().map_or_else(String::new, |chain| format!(", which before that {chain}"));
        Some(format!("task {name:?}, created at {created}{before},"))
    }

    /// How many callbacks the loops have run so far, all together.
    pub fn callbacks(&self) -> u64 {
        self.loops.iter().map(|one| one.figures.callbacks).sum()
    }

    /// The same, with how many callbacks a second each loop has run since an earlier look.
    pub fn since(mut self, earlier: &Self) -> Self {
        let passed = self.at.saturating_duration_since(earlier.at).as_secs_f64().max(1e-6);
        for one in &mut self.loops {
            let Some(before) = earlier.loops.iter().find(|other| other.thread == one.thread) else { continue };
            let callbacks = one.figures.callbacks.saturating_sub(before.figures.callbacks);
            one.figures.a_second = Some((callbacks as f64 / passed).round() as u64);
        }
        self
    }
}
