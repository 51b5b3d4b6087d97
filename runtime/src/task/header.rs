//! What every task has, whatever its future: the part in front of the future in its block.
//!
//! Only the loop's thread reads or writes it, but for the fields named in [`Header::remote`]. What few tasks need
//! sits behind one pointer, in [`Rare`].

use std::cell::{Cell, OnceCell, RefCell};
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use super::any::AnyTask;
use super::lent::Lender;
use super::raw::VTable;
use super::registry::TaskLoop;
use super::remote::Remote;
use super::state::TaskState;
use super::trace::Trace;
use crate::cancellation::CancelCell;
use crate::context::Context;
use crate::future::WaitersCell;
use crate::trace::{Wait, WaitsFor};

pub(super) struct Header {
    pub(super) vtable: &'static VTable,
    /// The loop's side of all tasks. Never changes.
    pub(super) task_loop: Rc<TaskLoop>,
    /// References of all kinds; at zero the block is freed.
    pub(super) references: Cell<u32>,
    /// Handles that a user holds: while there is one, somebody may yet look at the outcome.
    pub(super) handles: Cell<u32>,
    /// The place in the loop's list of tasks. Never changes.
    pub(super) slot: u32,
    /// The number of the task on its loop. Never changes.
    pub(super) id: u32,
    pub(super) cell: CancelCell,
    pub(super) context: Cell<Option<Context>>,
    pub(super) location: &'static Location<'static>,
    pub(super) waiters: WaitersCell<AnyTask>,
    pub(super) rare: OnceCell<Box<Rare>>,
    pub(super) state: TaskState,
    /// Which one it waits for.
    pub(super) waits_at: Cell<usize>,
    /// Of which kind that is. Apart from the address it takes room that would be empty.
    pub(super) waits_for: Cell<WaitsFor>,
}

/// What few tasks need.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) name: RefCell<Option<Rc<str>>>,
    /// Where the name stands; see `publish.rs`.
    pub(super) name_address: Cell<usize>,
    pub(super) name_len: Cell<usize>,
    /// What suspended in the last step, if that is more than one leaf.
    pub(super) trace: Trace,
    /// The half that wakers on other threads hold.
    pub(super) remote: OnceCell<Arc<Remote>>,
    /// Who runs the steps, if the future is lent.
    pub(super) lender: OnceCell<Lender>,
    #[cfg(feature = "tracing")]
    pub(super) span: super::spans::TaskSpan,
}

impl Header {
    /// What it waits for, in the innermost of the coroutines that its trace names.
    pub(super) fn wait(&self) -> Wait {
        Wait { kind: self.waits_for.get(), address: self.waits_at.get() }
    }

    #[inline]
    pub(super) fn set_wait(&self, Wait { kind, address }: Wait) {
        self.waits_for.set(kind);
        self.waits_at.set(address);
    }

    pub(super) fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    /// The half for other threads, made at its first use; on the loop's thread only.
    pub(super) fn remote(&self) -> &Arc<Remote> {
        self.rare().remote.get_or_init(|| Arc::new(self.new_remote()))
    }

    /// A half for other threads. Reads only what never changes, so any thread may call it while the task is alive.
    pub(super) fn new_remote(&self) -> Remote {
        Remote::new(self.task_loop.shared().clone(), self.slot, self.id)
    }
}
