//! Tasks out of memory. The loop may run meanwhile: a task that cannot be read has ended.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use super::find::Found;
use super::layout::Layout;
use super::memory::Memory;
use super::peers::Peers;
use super::{FigureView, Line, LoopView, ProcessTasks, TaskView};
use crate::exceptions::{Error, Result};
use crate::inspect::text::numbered_text;
use crate::sys::doing;
use crate::trace::{Wait, WaitsFor};

/// Longer lists are no lists.
const MOST: usize = 50_000_000;
const ENTRY: usize = 24;
const FRAME: usize = 16;
const LONGEST_TRACE: usize = 1024;
/// Whoever has more waiters is shown with none of those.
const LONGEST_LIST: usize = 4096;
/// One of them is larger in no build of this crate.
const LARGEST_ENTRY: usize = 256;
/// No address is less.
const PAGE: usize = 4096;
/// As in `task/state.rs`.
const RUNNING: u16 = 1 << 1;
const DONE: u16 = 1 << 3;

struct Reader {
    memory: Memory,
    layout: Layout,
    locations: HashMap<usize, String>,
    names: HashMap<usize, String>,
    peers: Peers,
}

pub(super) fn read(found: &Found) -> Result<ProcessTasks> {
    let memory = found.memory;
    let layout = Layout::of(found).map_err(|error| memory.refused(error))?;
    let layout =
        layout.ok_or_else(|| Error::runtime_error("that process was built in a way that this one cannot read"))?;
    let peers = Peers::of(memory.process);
    let mut reader = Reader { memory, layout, locations: HashMap::new(), names: HashMap::new(), peers };
    let loops = found.pages.iter().filter_map(|page| reader.one_loop(*page).ok()).collect();
    Ok(ProcessTasks { loops, at: Instant::now() })
}

impl Reader {
    fn one_loop(&mut self, page: usize) -> io::Result<LoopView> {
        let words = self.memory.words(page, 5)?;
        let (tasks, len, figures, thread) = (words[0], words[1], words[2], words[3]);
        let places = self.memory.words(tasks, len.min(MOST))?;
        let mut tasks: Vec<_> =
            places.into_iter().filter(|place| *place != 0).filter_map(|at| self.task(at).ok()?).collect();
        tasks.sort_by_key(|task| task.id);
        connect(&mut tasks);
        let ready = self.memory.word(words[4])? as u64;
        let doing = tasks.iter().any(|task| task.running).then(|| doing(self.memory.process, thread)).flatten();
        Ok(LoopView { thread, figures: FigureView { ready, ..self.figures(figures)? }, doing, tasks })
    }

    fn figures(&self, address: usize) -> io::Result<FigureView> {
        let words = self.memory.words(address, 11)?;
        let number = |index: usize| words[index] as u64;
        Ok(FigureView {
            callbacks: number(0),
            a_second: None,
            longest_batch: Duration::from_nanos(number(5)),
            longest_callback: Duration::from_nanos(number(10)),
            ready: 0,
            timers: number(6),
            descriptors: number(7),
        })
    }

    fn task(&mut self, address: usize) -> io::Result<Option<TaskView>> {
        let layout = &self.layout;
        let (mut id, mut state) = ([0; 4], [0; 2]);
        self.memory.bytes(address.wrapping_add(layout.id), &mut id)?;
        self.memory.bytes(address.wrapping_add(layout.state), &mut state)?;
        let (id, state) = (u32::from_ne_bytes(id), u16::from_ne_bytes(state));
        if state & DONE != 0 {
            return Ok(None);
        }
        let words = layout.waiters_size / size_of::<usize>();
        let mut watchers = self.memory.words(address.wrapping_add(layout.waiters), words.min(16))?;
        watchers.extend(watchers.clone().into_iter().flat_map(|word| self.list(word)));
        let (location, rare) = (self.field(address, layout.location)?, self.field(address, layout.rare)?);
        let mut kind = [0];
        self.memory.bytes(address.wrapping_add(layout.waits_for), &mut kind)?;
        let wait = self.wait_line(0, kind[0], self.field(address, layout.waits_at)?);
        let mut name = format!("Task-{id}");
        let mut trace = Vec::new();
        if rare != 0 {
            let (at, len) = (self.field(rare, layout.name_address)?, self.field(rare, layout.name_len)?);
            if at != 0 {
                name = self.memory.text(at, len)?;
            }
            trace = self.trace(rare, wait.clone())?;
        }
        if trace.is_empty() {
            trace.push(wait);
        }
        let created = self.location(location)?;
        let running = state & RUNNING != 0;
        Ok(Some(TaskView { id, name, created, running, address, trace, awaits: Vec::new(), watchers }))
    }

    /// A word of what stands at an address. No address is trusted: one that wraps round is as unreadable as others.
    fn field(&self, base: usize, offset: usize) -> io::Result<usize> {
        self.memory.word(base.wrapping_add(offset))
    }

    /// The words of a list of waiters, if there is one at that address. What is none gives words that nobody waits at.
    fn list(&self, address: usize) -> Vec<usize> {
        if address < PAGE {
            return Vec::new();
        }
        let layout = &self.layout;
        let word = |offset: usize| self.field(address, offset).unwrap_or_default();
        let (entries, len) = (word(layout.list_entries), word(layout.list_len));
        if entries < PAGE || len > LONGEST_LIST || layout.list_entry > LARGEST_ENTRY {
            return Vec::new();
        }
        self.memory.words(entries, len * layout.list_entry / size_of::<usize>()).unwrap_or_default()
    }

    /// The branches of the innermost coroutine, what it waits for, and the coroutines.
    fn trace(&mut self, rare: usize, wait: Line) -> io::Result<Vec<Line>> {
        let branches = self.field(rare, self.layout.branches)?;
        let branches = if branches == 0 { Vec::new() } else { self.parts(branches, ENTRY)? };
        let entries = branches.chunks_exact(ENTRY / size_of::<usize>());
        let mut lines = entries.map(|entry| self.line(entry)).collect::<io::Result<Vec<_>>>()?;
        lines.extend(Some(wait).filter(|wait| wait.is_known));
        let frames = self.parts(rare.wrapping_add(self.layout.frames), FRAME)?;
        for frame in frames.chunks_exact(FRAME / size_of::<usize>()).rev() {
            lines.push(self.frame_line(0, frame)?);
        }
        Ok(lines)
    }

    /// The words of a list whose parts are so large.
    fn parts(&self, list: usize, size: usize) -> io::Result<Vec<usize>> {
        let address = self.field(list, self.layout.trace_address)?;
        let len = self.field(list, self.layout.trace_len)?.min(LONGEST_TRACE);
        self.memory.words(address, len * size / size_of::<usize>())
    }

    fn line(&mut self, entry: &[usize]) -> io::Result<Line> {
        let head = entry[0].to_ne_bytes();
        let half = |at: usize| u32::from_ne_bytes(head[at..at + 4].try_into().expect("four bytes are four"));
        let start = half(4) as usize;
        if half(0) == 0 {
            return Ok(self.wait_line(start, entry[1].to_ne_bytes()[0], entry[2]));
        }
        self.frame_line(start, &entry[1..])
    }

    fn frame_line(&mut self, start: usize, frame: &[usize]) -> io::Result<Line> {
        let text = format!("{}() called at {}", self.name(frame[1])?, self.location(frame[0])?);
        Ok(Line { text, coroutine: true, is_known: true, start, waits_at: 0 })
    }

    /// The text at a place, which is told by its address and its length.
    fn name(&mut self, place: usize) -> io::Result<String> {
        if let Some(name) = self.names.get(&place) {
            return Ok(name.clone());
        }
        let words = self.memory.words(place, 2)?;
        let name = self.memory.text(words[0], words[1])?;
        self.names.insert(place, name.clone());
        Ok(name)
    }

    fn wait_line(&self, start: usize, kind: u8, address: usize) -> Line {
        let kind = WaitsFor::ALL.get(usize::from(kind)).copied().unwrap_or_default();
        let text = numbered_text(Wait { kind, address }, |fd| self.peers.peer_of(fd));
        Line {
            text: format!("waits {text}"),
            coroutine: false,
            is_known: kind != WaitsFor::Unknown,
            start,
            waits_at: address,
        }
    }

    fn location(&mut self, address: usize) -> io::Result<String> {
        if let Some(location) = self.locations.get(&address) {
            return Ok(location.clone());
        }
        let layout = &self.layout;
        let (file, len) = (
            self.memory.word(address.wrapping_add(layout.file))?,
            self.memory.word(address.wrapping_add(layout.file_len))?,
        );
        let (mut line, mut column) = ([0; 4], [0; 4]);
        self.memory.bytes(address.wrapping_add(layout.line), &mut line)?;
        self.memory.bytes(address.wrapping_add(layout.column), &mut column)?;
        let file = self.memory.text(file, len)?;
        let text = format!("{file}:{}:{}", u32::from_ne_bytes(line), u32::from_ne_bytes(column));
        self.locations.insert(address, text.clone());
        Ok(text)
    }
}

/// Finds out who waits for whom.
fn connect(tasks: &mut [TaskView]) {
    /// What stands before a value that is shared by counting.
    const COUNTS: usize = 2 * size_of::<usize>();
    let places: HashMap<_, _> = tasks.iter().enumerate().map(|(place, task)| (task.address, place)).collect();
    let mut watched: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, task) in tasks.iter().enumerate() {
        for word in task.watchers.iter().filter(|word| **word > PAGE) {
            watched.entry(word.wrapping_add(COUNTS)).or_default().push(place);
        }
    }
    for task in tasks.iter_mut().filter(|task| !task.running) {
        for line in task.trace.iter().filter(|line| line.waits_at != 0) {
            task.awaits.extend(places.get(&line.waits_at));
            task.awaits.extend(watched.get(&line.waits_at).into_iter().flatten());
        }
        task.awaits.sort_unstable();
        task.awaits.dedup();
    }
}
