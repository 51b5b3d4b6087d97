//! The call graph as text.

use std::fmt::{self, Write};
use std::io;

use super::call_graph::{CallFrame, CallGraph, FrameCallGraphEntry, FutureCallGraph, GraphNode};
use crate::exceptions::Result;
use crate::future::FutureLike;
use crate::task::{AnyTask, Standing};

/// The call graph of a task or future as text; of the running task without one. Python: `asyncio.format_call_graph()`.
///
/// First the task, then what it waits for and in which coroutines, innermost first, then who awaits it, in the same way.
/// Empty if there is no task to show. For Python's `depth` and `limit` see [`CallGraph::format`].
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread.
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
///     assert!(graph.starts_with("* Task \"the worker\" created at "));
///     assert!(graph.contains("  | waits in sleep()\n  | worker() called at "));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub fn format_call_graph(future: Option<&dyn FutureLike>) -> Result<String> {
    CallGraph::of(future).format()
}

/// Prints [`format_call_graph`] to standard output. Python: `asyncio.print_call_graph()`.
///
/// For another file, and Python's `depth` and `limit`, see [`CallGraph::print_to`].
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread; `OsError` if it cannot be written.
pub fn print_call_graph(future: Option<&dyn FutureLike>) -> Result<()> {
    CallGraph::of(future).print_to(&mut io::stdout().lock())
}

impl CallGraph<'_> {
    /// The graph as text; empty if there is no task to show. Python: `asyncio.format_call_graph()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if no loop runs on this thread.
    pub fn format(self) -> Result<String> {
        Ok(self.capture()?.map(|graph| graph.to_string()).unwrap_or_default())
    }

    /// Writes the text. Python: `asyncio.print_call_graph(file=…)`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if no loop runs on this thread; `OsError` if it cannot be written.
    pub fn print_to(self, file: &mut dyn io::Write) -> Result<()> {
        Ok(file.write_all(self.format()?.as_bytes())?)
    }
}

impl fmt::Display for FutureCallGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

impl FutureCallGraph {
    fn write(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        writeln!(f, "{indent}* {}{}", self.future, if self.repeated { " (see above)" } else { "" })?;
        if self.repeated {
            return Ok(());
        }
        if !self.call_stack.is_empty() {
            writeln!(f, "{indent}  + Call stack:")?;
            let mut text = String::new();
            write_stack(&mut text, &self.call_stack, &format!("{indent}  | "))?;
            f.write_str(&text)?;
        }
        if !self.awaited_by.is_empty() {
            writeln!(f, "{indent}  + Awaited by:")?;
            let indent = format!("{indent}    ");
            self.awaited_by.iter().try_for_each(|graph| graph.write(f, &indent))?;
        }
        Ok(())
    }
}

/// One line each; branches stand below what has them.
pub(crate) fn write_stack(text: &mut String, stack: &[FrameCallGraphEntry], indent: &str) -> fmt::Result {
    for entry in stack {
        writeln!(text, "{indent}{entry}")?;
        if let CallFrame::Wait { branches, .. } = &entry.frame {
            for branch in branches {
                write_branch(text, branch, indent)?;
            }
        }
    }
    Ok(())
}

fn write_branch(text: &mut String, branch: &[FrameCallGraphEntry], indent: &str) -> fmt::Result {
    let mut lines = String::new();
    write_stack(&mut lines, branch, "")?;
    for (number, line) in lines.lines().enumerate() {
        writeln!(text, "{indent}{} {line}", if number == 0 { "  -" } else { "   " })?;
    }
    Ok(())
}

impl fmt::Display for FrameCallGraphEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.frame {
            CallFrame::Coroutine { name, location } => write!(f, "{name}() called at {location}"),
            CallFrame::Wait { text, .. } => write!(f, "waits {text}"),
        }
    }
}

impl fmt::Display for GraphNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => {
                write!(f, "Task {:?}{} created at {}", task.get_name(), standing_text(task), task.location())
            }
            Self::Future(text) => f.write_str(text),
        }
    }
}

/// What there is to say of a task that does not wait.
pub(crate) fn standing_text(task: &AnyTask) -> &'static str {
    match task.standing() {
        Standing::New => " that has not begun,",
        Standing::Running => " that is running,",
        Standing::Due => " that is about to run,",
        Standing::Done => " that is done,",
        Standing::Waiting => "",
    }
}
