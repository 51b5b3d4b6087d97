//! `capture_call_graph`: where a task stands, who awaits it, and who awaits those.

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::Location;

use super::Snapshot;
use super::text::wait_text;
use crate::event_loop::{current_inner, get_running_loop};
use crate::exceptions::Result;
use crate::future::FutureLike;
use crate::task::{AnyTask, Standing, current_task};
use crate::trace::{Entry, Frame, Wait};

/// More levels of tasks that await each other are not followed.
const DEPTH: usize = 200;

/// A task or future, where it stands, and who awaits it. Python: `asyncio.FutureCallGraph`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FutureCallGraph {
    /// What this is about.
    pub future: GraphNode,
    /// The coroutines in which it is suspended, or which run, innermost first; in front of them what they wait for.
    pub call_stack: Vec<FrameCallGraphEntry>,
    /// The tasks that await it, oldest first. One that is part of the graph already comes without its own.
    pub awaited_by: Vec<Self>,
    /// It stands in the graph elsewhere, with all there is to say: they await each other in a circle, or two await one.
    pub repeated: bool,
}

/// The subject of a [`FutureCallGraph`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum GraphNode {
    /// A task that is not done.
    Task(AnyTask),
    /// Anything else, as its `Debug` describes it.
    Future(String),
}

/// One line of a call stack. Python: `asyncio.FrameCallGraphEntry`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FrameCallGraphEntry {
    /// The coroutine, or what it waits for.
    pub frame: CallFrame,
}

/// What stands in one line of a call stack.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallFrame {
    /// A coroutine, and where it was called.
    Coroutine {
        /// The function's name.
        name: &'static str,
        /// The line of the call.
        location: &'static Location<'static>,
    },
    /// What is waited for: "a lock that \"reader\" holds".
    Wait {
        /// In words, to follow "waits".
        text: Cow<'static, str>,
        /// The call stacks that stand beside each other: of a `select!`, or the body of a group.
        branches: Vec<Vec<FrameCallGraphEntry>>,
    },
}

/// The call graph of a task or future. Python: `asyncio.capture_call_graph()`.
///
/// Without one, that of the running task; `None` in a plain callback. It costs as much as there are tasks: nothing is noted
/// for it beforehand. For Python's `depth` and `limit` see [`CallGraph`].
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread.
///
/// # Examples
///
/// ```
/// use asyncio::CallFrame;
///
/// #[asyncio::coroutine]
/// async fn worker() {
///     asyncio::sleep(std::time::Duration::from_secs(60)).await;
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let task = asyncio::create_task(worker());
///     asyncio::sleep(std::time::Duration::ZERO).await;
///     let graph = asyncio::capture_call_graph(Some(&task))?.expect("there is a task");
///     assert!(matches!(graph.call_stack[1].frame, CallFrame::Coroutine { name: "worker", .. }));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub fn capture_call_graph(future: Option<&dyn FutureLike>) -> Result<Option<FutureCallGraph>> {
    CallGraph::of(future).capture()
}

/// The options of [`capture_call_graph`], [`format_call_graph`](crate::format_call_graph) and
/// [`print_call_graph`](crate::print_call_graph).
#[derive(Clone, Copy)]
#[must_use = "the builder does nothing until one of its methods is called that look"]
pub struct CallGraph<'a> {
    future: Option<&'a dyn FutureLike>,
    depth: usize,
    limit: Option<isize>,
}

impl<'a> CallGraph<'a> {
    /// Of a task or future; of the running task if there is none.
    pub fn of(future: Option<&'a dyn FutureLike>) -> Self {
        Self { future, depth: 1, limit: None }
    }

    /// Where to begin in the running task: 1 is the coroutine that asks, 2 the one that awaits it.
    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// How many lines of each call stack to keep: so many of the innermost, or of the outermost if it is negative. With
    /// zero there are none, but who awaits whom is there. `None` keeps all.
    pub fn limit(mut self, limit: impl Into<Option<isize>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Looks. Python: `asyncio.capture_call_graph()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if no loop runs on this thread.
    pub fn capture(self) -> Result<Option<FutureCallGraph>> {
        let event_loop = get_running_loop()?;
        let current = current_task()?;
        let snapshot = Snapshot::take(event_loop.inner());
        let mut capture = Capture { snapshot: &snapshot, limit: self.limit, seen: HashSet::new() };
        let Some(future) = self.future else {
            let graph = current.map(|current| capture.task(&current, 0));
            return Ok(graph.map(|mut graph| {
                graph.call_stack.drain(..self.depth.saturating_sub(1).min(graph.call_stack.len()));
                cut(&mut graph.call_stack, self.limit);
                graph
            }));
        };
        let address = future.address().addr();
        Ok(Some(match snapshot.at(address) {
            Some(task) => capture.task(task, 0),
            None => FutureCallGraph {
                future: GraphNode::Future(future.describe()),
                call_stack: Vec::new(),
                awaited_by: capture.all(&snapshot.awaiters(address, None), 0),
                repeated: false,
            },
        }))
    }
}

struct Capture<'s> {
    snapshot: &'s Snapshot,
    limit: Option<isize>,
    seen: HashSet<usize>,
}

impl Capture<'_> {
    fn task(&mut self, task: &AnyTask, depth: usize) -> FutureCallGraph {
        let repeated = !self.seen.insert(task.node());
        let mut call_stack = call_stack(self.snapshot, task);
        if depth > 0 || !is_current(task) {
            cut(&mut call_stack, self.limit);
        }
        let awaiters = self.snapshot.awaiters(task.node(), Some(task));
        let awaited_by = if repeated || depth >= DEPTH { Vec::new() } else { self.all(&awaiters, depth + 1) };
        FutureCallGraph { future: GraphNode::Task(task.clone()), call_stack, awaited_by, repeated }
    }

    fn all(&mut self, places: &[usize], depth: usize) -> Vec<FutureCallGraph> {
        places.iter().map(|place| self.task(self.snapshot.task(*place), depth)).collect()
    }
}

fn is_current(task: &AnyTask) -> bool {
    let here = current_inner(|inner| inner.is_some());
    here && matches!(current_task(), Ok(Some(current)) if current == *task)
}

/// Keeps so many of the innermost, or of the outermost.
pub(super) fn cut(stack: &mut Vec<FrameCallGraphEntry>, limit: Option<isize>) {
    let Some(limit) = limit else { return };
    let kept = limit.unsigned_abs().min(stack.len());
    if limit < 0 {
        stack.drain(..stack.len() - kept);
    } else {
        stack.truncate(kept);
    }
}

/// Where a task stands, innermost first.
pub(crate) fn call_stack(snapshot: &Snapshot, task: &AnyTask) -> Vec<FrameCallGraphEntry> {
    match task.standing() {
        Standing::New | Standing::Done => Vec::new(),
        Standing::Running => task.running_frames().into_iter().map(coroutine).collect(),
        Standing::Due | Standing::Waiting => stack(snapshot, &task.trace()),
    }
}

/// The outermost chain of a trace.
pub(crate) fn stack(snapshot: &Snapshot, entries: &[Entry]) -> Vec<FrameCallGraphEntry> {
    siblings(snapshot, entries, 0, entries.len()).pop().unwrap_or_default()
}

/// The chains that stand beside each other between two places of a trace.
fn siblings(snapshot: &Snapshot, entries: &[Entry], low: usize, mut high: usize) -> Vec<Vec<FrameCallGraphEntry>> {
    let mut chains = Vec::new();
    while high > low {
        let last = high - 1;
        let start = entries[last].start().clamp(low, last);
        let mut inside = siblings(snapshot, entries, start, last);
        chains.push(match entries[last] {
            Entry::Wait { wait, .. } => {
                vec![FrameCallGraphEntry {
                    frame: CallFrame::Wait { text: wait_text(snapshot, wait), branches: inside },
                }]
            }
            Entry::Frame { frame, .. } => {
                let mut chain = inside.pop().unwrap_or_else(|| {
                    let text = wait_text(snapshot, Wait::default());
                    vec![FrameCallGraphEntry { frame: CallFrame::Wait { text, branches: Vec::new() } }]
                });
                chain.push(coroutine(frame));
                chain
            }
        });
        high = start;
    }
    chains.reverse();
    chains
}

fn coroutine(frame: Frame) -> FrameCallGraphEntry {
    FrameCallGraphEntry { frame: CallFrame::Coroutine { name: frame.name, location: frame.location } }
}

impl std::fmt::Debug for CallGraph<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let future = self.future.map(|future| future.describe());
        f.debug_struct("CallGraph")
            .field("future", &future)
            .field("depth", &self.depth)
            .field("limit", &self.limit)
            .finish()
    }
}
