//! What was read, as a table, as a tree, and for programs.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use super::{FigureView, Line, LoopView, ProcessTasks, TaskView};
use crate::sys::Doing;

/// Deeper levels of a tree are cut.
const DEPTH: usize = 200;

impl ProcessTasks {
    /// A line a task: thread, number, name, what it does, its coroutines innermost first, who awaits it. Before the tasks
    /// of each loop stand its figures.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for one in &self.loops {
            one.figures(&mut text);
            line(&mut text, "  task  name                 state    waits; coroutines; awaited by");
            let awaited_by = one.awaited_by();
            for (task, awaiters) in one.tasks.iter().zip(&awaited_by) {
                let by =
                    if awaiters.is_empty() { String::new() } else { format!("; awaited by {}", awaiters.join(", ")) };
                let does = match (task.running, task.before()) {
                    (false, _) => format!("waiting  {}", task.chain()),
                    (true, None) => format!("running  {}", one.does()),
                    (true, Some(before)) => format!("running  {}; before that it {before}", one.does()),
                };
                line(&mut text, format!("{:>6}  {:<20} {does}{by}", task.id, task.shown_name()));
            }
        }
        text
    }

    /// Who awaits whom: below a task its coroutines, what it waits for, and the tasks that it waits for.
    pub fn tree(&self) -> String {
        let mut text = String::new();
        for one in &self.loops {
            one.figures(&mut text);
            let mut is_root = vec![true; one.tasks.len()];
            one.tasks.iter().flat_map(|task| &task.awaits).for_each(|place| is_root[*place] = false);
            let mut shown = vec![false; one.tasks.len()];
            let roots = (0..is_root.len()).filter(|place| is_root[*place]);
            roots.for_each(|place| one.branch(&mut text, place, 1, &mut shown));
            for place in 0..one.tasks.len() {
                if !shown[place] {
                    one.branch(&mut text, place, 1, &mut shown);
                }
            }
        }
        text
    }

    /// The circles of tasks that await each other, a line each.
    pub fn cycles(&self) -> Vec<String> {
        self.loops.iter().flat_map(LoopView::cycles).collect()
    }

    /// All that was read, as one object in JSON.
    pub fn json(&self) -> String {
        let loops: Vec<_> = self.loops.iter().map(LoopView::json).collect();
        format!("{{\"version\":1,\"loops\":[{}]}}\n", loops.join(","))
    }
}

impl TaskView {
    /// The name for a terminal: what a program calls its tasks may come from its peers, and is no command to ours.
    fn shown_name(&self) -> Cow<'_, str> {
        if self.name.contains(char::is_control) {
            return self.name.escape_debug().to_string().into();
        }
        Cow::Borrowed(&self.name)
    }
}

impl LoopView {
    fn figures(&self, text: &mut String) {
        let figures = &self.figures;
        let (thread, tasks) = (self.thread, self.tasks.len());
        let FigureView { callbacks, ready, timers, descriptors, longest_batch, longest_callback, .. } = figures;
        let a_second = figures.a_second.map_or_else(String::new, |number| format!(", {number} a second now"));
        // Where callbacks are not timed one by one, those between two looks at the kernel are, together.
        let longest = match longest_callback.is_zero() {
            true => format!("longest batch {longest_batch:?}"),
            false => format!("longest callback {longest_callback:?}, longest batch {longest_batch:?}"),
        };
        line(
            text,
            format!(
                "loop on thread {thread}: {tasks} tasks, {ready} ready, {timers} timers, {descriptors} descriptors, \
                 {callbacks} callbacks so far{a_second}, {longest}"
            ),
        );
    }

    /// What the thread does while a task runs.
    fn does(&self) -> String {
        match &self.doing {
            None => String::from("in its code"),
            Some(Doing::Runs) => String::from("on a processor"),
            Some(Doing::Call(call)) => format!("in the system call {call}"),
        }
    }

    /// The names of those who await each task.
    fn awaited_by(&self) -> Vec<Vec<Cow<'_, str>>> {
        let mut awaited_by = vec![Vec::new(); self.tasks.len()];
        for task in &self.tasks {
            task.awaits.iter().for_each(|place| awaited_by[*place].push(task.shown_name()));
        }
        awaited_by
    }

    fn branch(&self, text: &mut String, place: usize, depth: usize, shown: &mut [bool]) {
        let (task, indent) = (&self.tasks[place], "  ".repeat(depth));
        let again = std::mem::replace(&mut shown[place], true);
        let before = if task.before().is_some() { "; before that it waited:" } else { "" };
        let note = match (again, task.running) {
            (true, _) => " (see above)".to_owned(),
            (false, true) => format!(" is running, {}{before}", self.does()),
            (false, false) => String::new(),
        };
        line(text, format!("{indent}[{}] {}{note}", task.id, task.shown_name()));
        if again || depth > DEPTH || (task.running && before.is_empty()) {
            return;
        }
        for entry in task.trace.iter().rev() {
            line(text, format!("{indent}  {}", entry.text));
        }
        for next in &task.awaits {
            self.branch(text, *next, depth + 1, shown);
        }
    }

    /// Follows from each task what it awaits, on a path of its own.
    fn cycles(&self) -> Vec<String> {
        let (mut left, mut on_path, mut cycles) = (vec![false; self.tasks.len()], Vec::new(), Vec::new());
        for first in 0..self.tasks.len() {
            on_path.push((first, 0));
            while let Some((place, next)) = on_path.last().copied() {
                let next_place = self.tasks[place].awaits.get(next).filter(|_| !left[place]).copied();
                let Some(next_place) = next_place else {
                    left[place] = true;
                    on_path.pop();
                    continue;
                };
                if let Some(last) = on_path.last_mut() {
                    last.1 += 1;
                }
                match on_path.iter().position(|(place, _)| *place == next_place) {
                    Some(start) => {
                        let names: Vec<_> =
                            on_path[start..].iter().map(|(place, _)| self.tasks[*place].shown_name()).collect();
                        cycles.push(format!("{} → {}", names.join(" → "), names[0]));
                    }
                    None => on_path.push((next_place, 0)),
                }
            }
        }
        cycles
    }

    fn json(&self) -> String {
        let figures = &self.figures;
        let tasks: Vec<_> = self.tasks.iter().map(|task| task.json(self)).collect();
        let system_call = match &self.doing {
            Some(Doing::Call(call)) => quoted(call),
            _ => "null".to_owned(),
        };
        let numbers = [
            ("thread", Some(self.thread as u64)),
            ("ready", Some(figures.ready)),
            ("timers", Some(figures.timers)),
            ("descriptors", Some(figures.descriptors)),
            ("callbacks", Some(figures.callbacks)),
            ("callbacks_per_second", figures.a_second),
            ("longest_batch_ns", u64::try_from(figures.longest_batch.as_nanos()).ok()),
            ("longest_callback_ns", timed(figures.longest_callback)),
        ];
        let number = |(name, value): &(&str, Option<u64>)| {
            format!("\"{name}\":{}", value.map_or_else(|| "null".to_owned(), |value| value.to_string()))
        };
        let numbers: Vec<_> = numbers.iter().map(number).collect();
        format!("{{{},\"system_call\":{system_call},\"tasks\":[{}]}}", numbers.join(","), tasks.join(","))
    }
}

impl TaskView {
    fn json(&self, of: &LoopView) -> String {
        let awaits: Vec<_> = self.awaits.iter().map(|place| of.tasks[*place].id.to_string()).collect();
        let stack: Vec<_> = self.trace.iter().map(Line::json).collect();
        format!(
            "{{\"id\":{},\"name\":{},\"created\":{},\"running\":{},\"stack\":[{}],\"awaits\":[{}]}}",
            self.id,
            quoted(&self.name),
            quoted(&self.created),
            self.running,
            stack.join(","),
            awaits.join(","),
        )
    }
}

impl Line {
    fn json(&self) -> String {
        let kind = if self.coroutine { "coroutine" } else { "wait" };
        format!("{{\"{kind}\":{},\"start\":{}}}", quoted(&self.text), self.start)
    }
}

/// Nothing if nobody has looked at the clock.
fn timed(longest: Duration) -> Option<u64> {
    if longest.is_zero() { None } else { u64::try_from(longest.as_nanos()).ok() }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // Writing to a string cannot fail.
            c if (c as u32) < 0x20 => drop(write!(quoted, "\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn line(text: &mut String, line: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
