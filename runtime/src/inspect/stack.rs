//! `Task.get_stack`, `Task.print_stack`.

use std::io;

use super::Snapshot;
use super::call_graph::{FrameCallGraphEntry, call_stack, cut};
use super::format::write_stack;
use crate::exceptions::Result;
use crate::task::AnyTask;

impl AnyTask {
    /// The coroutines in which the task is suspended, outermost first, and at the end what it waits for. Python:
    /// `Task.get_stack()`.
    ///
    /// Those that run, if it is the running task; none if it has not begun, or is done. With a limit as many of the
    /// innermost are kept.
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
    ///     let task = asyncio::create_task(worker());
    ///     asyncio::sleep(std::time::Duration::ZERO).await;
    ///     let lines: Vec<_> = task.get_stack(None).iter().map(ToString::to_string).collect();
    ///     assert!(lines[0].starts_with("worker() called at "));
    ///     assert_eq!(lines[1], "waits in sleep()");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn get_stack(&self, limit: impl Into<Option<usize>>) -> Vec<FrameCallGraphEntry> {
        let limit = limit.into().map(|limit| isize::try_from(limit).unwrap_or(isize::MAX));
        let mut stack = call_stack(&Snapshot::take(self.inner()), self);
        cut(&mut stack, limit);
        stack.reverse();
        stack
    }

    /// Writes the stack of the task, innermost last; to standard error without a file. Python: `Task.print_stack()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it cannot be written.
    pub fn print_stack(&self, limit: impl Into<Option<usize>>, file: Option<&mut dyn io::Write>) -> Result<()> {
        let stack = self.get_stack(limit);
        let mut text = match stack.is_empty() {
            true => format!("No stack for {self:?}\n"),
            false => format!("Stack for {self:?} (most recent call last):\n"),
        };
        // Writing to a string cannot fail.
        let _ = write_stack(&mut text, &stack, "  ");
        match file {
            Some(file) => file.write_all(text.as_bytes())?,
            None => io::Write::write_all(&mut io::stderr().lock(), text.as_bytes())?,
        }
        Ok(())
    }
}
