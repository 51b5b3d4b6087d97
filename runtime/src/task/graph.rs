//! The call graph of a task: its name, and the coroutines in which it is suspended. Minimal yet.

use std::fmt::Write;

use super::any::AnyTask;
use super::registry::current_task;
use crate::exceptions::Result;
use crate::trace::WaitsFor;

/// The suspended coroutines of a task as text, innermost first; of the running task if none is given. Python:
/// `asyncio.format_call_graph()`.
///
/// A line a coroutine: its name, and where it was called. Empty if there is no task to show.
///
/// # Errors
///
/// `RuntimeError` if no task is given and no loop runs.
///
/// # Examples
///
/// ```
/// #[asyncio::coroutine]
/// async fn worker() {
///     asyncio::sleep(std::time::Duration::from_secs(60)).await;
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let task = asyncio::create_task(worker()).named("the worker");
///     asyncio::sleep(std::time::Duration::ZERO).await;
///     let graph = asyncio::format_call_graph(Some(&task))?;
///     assert!(graph.contains("the worker") && graph.contains("worker()"));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub fn format_call_graph(task: Option<&AnyTask>) -> Result<String> {
    let current = match task {
        Some(_) => None,
        None => current_task()?,
    };
    let Some(task) = task.or(current.as_ref()) else { return Ok(String::new()) };
    let header = task.task().header();
    let mut text = format!("* Task {:?} (created at {})\n", task.get_name(), header.location);
    if let Some(rare) = header.rare.get() {
        for frame in rare.trace.borrow().iter().rev() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  + {}() called at {}", frame.name, frame.location);
        }
    }
    let waits = match header.waits_for.get() {
        _ if task.done() => "is done",
        _ if header.state.is_running() => "is running",
        WaitsFor::Sleep => "waits in sleep()",
        WaitsFor::Future => "waits for a future",
        WaitsFor::Task => "waits for a task",
        WaitsFor::Thread => "waits for a thread",
        WaitsFor::Several => "waits for several tasks",
        WaitsFor::Select => "waits in select!",
        WaitsFor::Children => "waits for its children",
        WaitsFor::Lock => "waits for a lock",
        WaitsFor::Event => "waits for an event",
        WaitsFor::Condition => "waits for a condition",
        WaitsFor::Semaphore => "waits for a semaphore",
        WaitsFor::Barrier => "waits at a barrier",
        WaitsFor::Get => "waits for an item of a queue",
        WaitsFor::Put => "waits for room in a queue",
        WaitsFor::Join => "waits until the items of a queue are done",
        WaitsFor::Socket => "waits for a socket",
        WaitsFor::Read => "waits for bytes of a stream",
        WaitsFor::Drain => "waits in drain()",
        WaitsFor::Close => "waits in wait_closed()",
        WaitsFor::Unknown => "waits",
    };
    let _ = writeln!(text, "  {waits}");
    Ok(text)
}

/// Prints [`format_call_graph`] to standard error. Python: `asyncio.print_call_graph()`.
///
/// # Errors
///
/// `RuntimeError` if no task is given and no loop runs.
pub fn print_call_graph(task: Option<&AnyTask>) -> Result<()> {
    eprint!("{}", format_call_graph(task)?);
    Ok(())
}
