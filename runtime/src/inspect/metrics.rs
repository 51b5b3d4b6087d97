//! `loop.metrics()`: what a loop has done so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::event_loop::EventLoop;
use crate::task::count_of;

/// What a loop has done since it was made, and what it has at the moment; [`EventLoop::metrics`] gives it.
///
/// Counting is always on. The difference of two snapshots is what happened in between.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Metrics {
    /// Tasks that are not done.
    pub tasks_alive: usize,
    /// Tasks that were started.
    pub tasks_spawned: u64,
    /// Callbacks and steps of tasks that were run, those of the present batch included.
    pub callbacks: u64,
    /// Those of them that were steps of tasks: how often a task was polled. The children of a scope are polled by the step of
    /// the task around them.
    pub steps: u64,
    /// Batches that were run: the iterations of the loop.
    pub batches: u64,
    /// How often the kernel was asked.
    pub polls_of_the_kernel: u64,
    /// Reports that a descriptor is ready.
    pub io_events: u64,
    /// Calls and wake-ups that came from other threads.
    pub calls_from_threads: u64,
    /// Timers that wait.
    pub timers: usize,
    /// Timers that were due.
    pub timers_fired: u64,
    /// Descriptors that are watched.
    pub descriptors: usize,
    /// How many callbacks were due when the present batch began.
    pub ready: usize,
    /// The longest time in which the loop had callbacks to run all along and did not come to ask the kernel.
    pub longest_batch: Duration,
    /// How long single callbacks and steps took. The first number is of those below a microsecond, each next one of those
    /// below twice as much, the last of all that took longer. Counted in debug mode and with
    /// [`metrics_histogram`](crate::EventLoopBuilder::metrics_histogram) only, for it takes a look at the clock each.
    pub durations: Vec<u64>,
    /// The longest of them; zero where that is not counted.
    pub longest_callback: Duration,
}

impl EventLoop {
    /// What this loop has done so far. Reads some counters, so it may be called often.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let before = event_loop.metrics();
    ///     asyncio::create_task(async {}).await?;
    ///     let after = event_loop.metrics();
    ///     assert_eq!(after.tasks_spawned - before.tasks_spawned, 1);
    ///     assert_eq!(after.tasks_alive, 1);
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn metrics(&self) -> Metrics {
        let inner = self.inner();
        let figures = inner.figures();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (tasks_alive, spawned) = count_of(inner);
        let (timers, descriptors) = inner.holdings();
        Metrics {
            tasks_alive,
            tasks_spawned: spawned.into(),
            callbacks: read(&figures.callbacks),
            steps: read(&figures.callbacks).saturating_sub(read(&figures.others)),
            batches: read(&figures.batches),
            polls_of_the_kernel: read(&figures.looks),
            io_events: read(&figures.events),
            calls_from_threads: read(&figures.calls),
            timers,
            timers_fired: read(&figures.timers_fired),
            descriptors,
            ready: inner.batch().get(),
            longest_batch: Duration::from_nanos(read(&figures.longest)),
            longest_callback: Duration::from_nanos(read(&figures.longest_callback)),
            durations: figures.durations.iter().map(read).collect(),
        }
    }
}
