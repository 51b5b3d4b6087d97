//! What was read, as a table, as a tree, and for programs.

use std::fmt::Write;

use super::{Line, LoopView, ProcessTasks, TaskView};

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
            for (place, task) in one.tasks.iter().enumerate() {
                let chain: Vec<_> = task.trace.iter().map(|line| line.text.as_str()).collect();
                let awaiters = one.tasks.iter().filter(|other| other.awaits.contains(&place)).map(|other| &*other.name);
                let awaiters: Vec<_> = if one.tasks.len() > 5_000 { Vec::new() } else { awaiters.collect() };
                let by =
                    if awaiters.is_empty() { String::new() } else { format!("; awaited by {}", awaiters.join(", ")) };
                let state = if task.running { "running" } else { "waiting" };
                line(&mut text, format!("{:>6}  {:<20} {state}  {}{by}", task.id, task.name, chain.join(" ← ")));
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

impl LoopView {
    fn figures(&self, text: &mut String) {
        let figures = &self.figures;
        line(
            text,
            format!(
                "loop on thread {}: {} tasks, {} ready, {} timers, {} descriptors, {} callbacks so far, longest batch {:?}",
                self.thread,
                self.tasks.len(),
                figures.ready,
                figures.timers,
                figures.descriptors,
                figures.callbacks,
                figures.longest,
            ),
        );
    }

    fn branch(&self, text: &mut String, place: usize, depth: usize, shown: &mut [bool]) {
        let (task, indent) = (&self.tasks[place], "  ".repeat(depth));
        let again = std::mem::replace(&mut shown[place], true);
        let note = if again {
            " (see above)"
        } else if task.running {
            " is running"
        } else {
            ""
        };
        line(text, format!("{indent}[{}] {}{note}", task.id, task.name));
        if again || depth > DEPTH {
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
                            on_path[start..].iter().map(|(place, _)| &*self.tasks[*place].name).collect();
                        cycles.push(format!("{} → {}", names.join(" → "), names[0]));
                    }
                    None if left[next_place] => {}
                    None => on_path.push((next_place, 0)),
                }
            }
        }
        cycles
    }

    fn json(&self) -> String {
        let figures = &self.figures;
        let tasks: Vec<_> = self.tasks.iter().map(|task| task.json(self)).collect();
        format!(
            "{{\"thread\":{},\"ready\":{},\"timers\":{},\"descriptors\":{},\"callbacks\":{},\"longest_batch_ns\":{},\"tasks\":[{}]}}",
            self.thread,
            figures.ready,
            figures.timers,
            figures.descriptors,
            figures.callbacks,
            figures.longest.as_nanos(),
            tasks.join(","),
        )
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
