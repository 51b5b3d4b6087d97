//! All tasks of a loop as a tree: who awaits whom.

use std::fmt::{self, Write};

use super::Snapshot;
use super::call_graph::{CallFrame, FrameCallGraphEntry, call_stack};
use super::format::standing_text;
use crate::event_loop::EventLoop;
use crate::task::AnyTask;

/// Deeper levels are cut.
const DEPTH: usize = 200;

/// The tasks of a loop that are not done, as [`EventLoop::task_tree`] gives them; its text is the tree.
///
/// Below a task stand the coroutines in which it is suspended, outermost first, then what it waits for, then the tasks
/// that it waits for. A task that several await is shown once in full.
#[derive(Debug)]
pub struct TaskTree {
    text: String,
    cycles: Vec<Vec<AnyTask>>,
}

impl EventLoop {
    /// Who awaits whom, of all tasks that are not done. Python: `python -m asyncio pstree`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let child = asyncio::create_task(std::future::pending::<()>()).named("child");
    ///     let parent = asyncio::create_task(child.into_future()).named("parent");
    ///     asyncio::sleep(std::time::Duration::ZERO).await;
    ///     println!("{}", parent.get_loop()?.task_tree());
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn task_tree(&self) -> TaskTree {
        TaskTree::of(&Snapshot::take(self.inner()))
    }
}

impl TaskTree {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let count = snapshot.tasks().len();
        let awaited: Vec<_> = (0..count).map(|place| snapshot.awaited(place)).collect();
        let mut is_root = vec![true; count];
        awaited.iter().flatten().for_each(|place| is_root[*place] = false);
        let mut writer = Writer { snapshot, awaited, shown: vec![false; count], text: String::new() };
        (0..count).filter(|place| is_root[*place]).for_each(|place| writer.task(place, "", 0));
        // What is left stands in circles, or behind them.
        for place in 0..count {
            if !writer.shown[place] {
                writer.task(place, "", 0);
            }
        }
        let cycles = snapshot.cycles();
        let tasks = |cycle: &Vec<usize>| cycle.iter().map(|place| snapshot.task(*place).clone()).collect();
        Self { text: writer.text, cycles: cycles.iter().map(tasks).collect() }
    }

    /// The circles of tasks that wait for each other, of which none can ever go on; usually there is none.
    pub fn cycles(&self) -> &[Vec<AnyTask>] {
        &self.cycles
    }
}

impl fmt::Display for TaskTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct Writer<'s> {
    snapshot: &'s Snapshot,
    awaited: Vec<Vec<usize>>,
    shown: Vec<bool>,
    text: String,
}

impl Writer<'_> {
    fn task(&mut self, place: usize, indent: &str, depth: usize) {
        let task = self.snapshot.task(place);
        let again = std::mem::replace(&mut self.shown[place], true);
        let note = if again { " (see above)" } else { standing_text(task).trim_end_matches(',') };
        self.line(indent, format_args!("[{}] {}{note}", task.id(), task.get_name()));
        if again {
            return;
        }
        let indent = format!("{indent}   ");
        if depth >= DEPTH {
            return self.line(&indent, "…");
        }
        for entry in call_stack(self.snapshot, task).iter().rev() {
            self.entry(entry, &indent);
        }
        for next in self.awaited[place].clone() {
            self.task(next, &indent, depth + 1);
        }
    }

    fn entry(&mut self, entry: &FrameCallGraphEntry, indent: &str) {
        self.line(indent, entry);
        if let CallFrame::Wait { branches, .. } = &entry.frame {
            for (number, branch) in branches.iter().enumerate() {
                self.line(indent, format_args!("  branch {}:", number + 1));
                let indent = format!("{indent}    ");
                branch.iter().rev().for_each(|entry| self.entry(entry, &indent));
            }
        }
    }

    fn line(&mut self, indent: &str, line: impl fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{indent}{line}");
    }
}

/// Prints all tasks of the running loop to standard error.
pub(crate) fn print_tasks() {
    if let Ok(event_loop) = crate::event_loop::get_running_loop() {
        eprint!("{}", event_loop.task_tree());
    }
}
