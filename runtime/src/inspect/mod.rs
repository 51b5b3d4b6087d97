//! Seeing what happens: who waits where, for what and for whom, of programs that run and of programs that hang.
//!
//! Nothing here is noted for its own sake: the trace of each suspended step is there (`trace.rs`), those who wait
//! for a task stand in its list of waiters, and who holds a lock stands in the lock. A [`Snapshot`] puts it together when
//! somebody asks. The room stands right of `task`, whose inside it reads, and left of all that reports with it: deadlines
//! that say where, the runner that notices a stall.

mod awaited_by;
mod call_graph;
mod deadlock;
mod format;
#[cfg_attr(
    not(all(feature = "backtrace", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    path = "no_frames.rs"
)]
mod frames;
mod metrics;
mod process;
mod snapshot;
mod stack;
mod task_tree;
mod text;
mod watchdog;

pub use awaited_by::{future_add_to_awaited_by, future_discard_from_awaited_by};
pub use call_graph::{CallFrame, CallGraph, FrameCallGraphEntry, FutureCallGraph, GraphNode, capture_call_graph};
pub use format::{format_call_graph, print_call_graph};
pub use metrics::Metrics;
pub use process::ProcessTasks;
pub use task_tree::TaskTree;

pub(crate) use deadlock::{DeadlockWatch, OnDeadlock};
pub(crate) use snapshot::Snapshot;
pub(crate) use task_tree::print_tasks;
pub(crate) use watchdog::Watchdog;
