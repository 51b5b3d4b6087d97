//! All tasks of a loop at one moment, and who of them waits for whom.

use std::collections::HashMap;

use super::awaited_by::AwaitedBy;
use crate::event_loop::Inner;
use crate::task::{AnyTask, Standing};
use crate::trace::{WaitsFor, holder_of};

/// The tasks that are not done, oldest first, and the edges between them.
#[derive(Debug)]
pub(crate) struct Snapshot {
    tasks: Vec<AnyTask>,
    /// Which task has which address.
    places: HashMap<usize, usize>,
    /// Which tasks wait for what is at an address: a task, a future, a lock, or a watcher of several.
    waiting: HashMap<usize, Vec<usize>>,
    /// Which tasks are watched by what is at an address.
    watched: HashMap<usize, Vec<usize>>,
}

impl Snapshot {
    pub(crate) fn take(inner: &Inner) -> Self {
        let tasks = crate::task::all_of(inner);
        let places = tasks.iter().enumerate().map(|(place, task)| (task.node(), place)).collect();
        let mut snapshot = Self { tasks, places, waiting: HashMap::new(), watched: HashMap::new() };
        for (place, task) in snapshot.tasks.iter().enumerate() {
            // What one that runs has waited for last, it waits for no more.
            if task.standing() != Standing::Running {
                task.each_wait(|_, address| add(&mut snapshot.waiting, address, place));
            }
            task.each_watcher(|address| add(&mut snapshot.watched, address, place));
        }
        AwaitedBy::each(inner, |(future, waiter)| {
            if let Some(waiter) = snapshot.places.get(waiter) {
                add(&mut snapshot.waiting, *future, *waiter);
            }
            if let Some(future) = snapshot.places.get(future) {
                add(&mut snapshot.watched, *waiter, *future);
            }
        });
        snapshot
    }

    pub(crate) fn tasks(&self) -> &[AnyTask] {
        &self.tasks
    }

    pub(crate) fn task(&self, place: usize) -> &AnyTask {
        &self.tasks[place]
    }

    /// The task at an address.
    pub(crate) fn at(&self, address: usize) -> Option<&AnyTask> {
        self.places.get(&address).map(|place| &self.tasks[*place])
    }

    /// The tasks that wait for what is at an address, and for `task` if it is one: oldest first.
    pub(crate) fn awaiters(&self, address: usize, task: Option<&AnyTask>) -> Vec<usize> {
        let mut places = self.waiting.get(&address).cloned().unwrap_or_default();
        if let Some(task) = task {
            task.each_watcher(|watcher| places.extend(self.waiting.get(&watcher).into_iter().flatten()));
        }
        sorted(places)
    }

    /// The tasks whose end, or whose letting go of a lock, a task waits for: oldest first.
    pub(crate) fn awaited(&self, place: usize) -> Vec<usize> {
        let mut places = Vec::new();
        let task = &self.tasks[place];
        if task.standing() == Standing::Running {
            return places;
        }
        task.each_wait(|kind, address| {
            match kind {
                WaitsFor::Task => places.extend(self.places.get(&address)),
                WaitsFor::Lock => places.extend(holder_of(address).and_then(|holder| self.places.get(&holder))),
                _ => places.extend(self.watched.get(&address).into_iter().flatten()),
            };
        });
        places.extend(self.watched.get(&task.node()).into_iter().flatten());
        sorted(places)
    }

    /// The tasks that wait for each other, each circle once.
    pub(crate) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![Seen::Never; self.tasks.len()];
        let mut cycles = Vec::new();
        for first in 0..self.tasks.len() {
            if seen[first] == Seen::Never {
                self.search(first, &mut seen, &mut cycles);
            }
        }
        cycles
    }

    /// As [`awaited`](Self::awaited), of a task that nobody has woken.
    fn stuck_behind(&self, place: usize) -> Vec<usize> {
        if self.tasks[place].standing() == Standing::Waiting { self.awaited(place) } else { Vec::new() }
    }

    /// A search in depth, with a path of its own: chains of tasks are longer than a stack is deep.
    fn search(&self, first: usize, seen: &mut [Seen], cycles: &mut Vec<Vec<usize>>) {
        let mut path = vec![(first, self.stuck_behind(first))];
        seen[first] = Seen::OnPath;
        while let Some((place, left)) = path.last_mut() {
            let Some(next) = left.pop() else {
                seen[*place] = Seen::Left;
                path.pop();
                continue;
            };
            match seen[next] {
                Seen::Never => {
                    seen[next] = Seen::OnPath;
                    path.push((next, self.stuck_behind(next)));
                }
                Seen::OnPath => {
                    cycles.push(path.iter().map(|(place, _)| *place).skip_while(|place| *place != next).collect());
                }
                Seen::Left => {}
            }
        }
    }
}

/// How far the search for circles has come with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Never,
    OnPath,
    Left,
}

fn add(map: &mut HashMap<usize, Vec<usize>>, address: usize, place: usize) {
    if address != 0 {
        map.entry(address).or_default().push(place);
    }
}

fn sorted(mut places: Vec<usize>) -> Vec<usize> {
    places.sort_unstable();
    places.dedup();
    places
}
