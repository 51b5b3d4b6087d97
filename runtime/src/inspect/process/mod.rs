//! The tasks of another process, read from its memory: what `asyncio ps` and `asyncio pstree` print.
//!
//! Nothing runs in that process and nothing stops it, so a loop that is stuck can be looked at, and one that runs may have
//! gone on between two reads: what does not fit together is left out. Linux only.

mod find;
mod memory;
mod read;
mod show;

use std::time::Duration;

use crate::exceptions::Result;
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
}

/// One loop.
#[derive(Clone, Debug)]
struct LoopView {
    thread: usize,
    figures: FigureView,
    tasks: Vec<TaskView>,
}

/// What it counts.
#[derive(Clone, Copy, Debug, Default)]
struct FigureView {
    callbacks: u64,
    ready: u64,
    timers: u64,
    descriptors: u64,
    longest: Duration,
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
    start: usize,
    waits_at: usize,
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
        let chain: Vec<_> = task.trace.iter().map(|line| line.text.replacen("waits", "waited", 1)).collect();
        let (name, created, last) = (&task.name, &task.created, chain.join(" ← "));
        Some(format!("task {name:?}, created at {created}, which before that {last},"))
    }

    /// How many callbacks the loops have run so far, all together: the difference of two looks is their speed.
    pub fn callbacks(&self) -> u64 {
        self.loops.iter().map(|one| one.figures.callbacks).sum()
    }
}
