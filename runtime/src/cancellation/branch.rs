//! The requests of a branch: those of its task, which are handed on to it, and that it has lost, of which the task knows
//! nothing.
//!
//! The count of its cell begins with the task's, and rises with each request that is handed on. So what it has more than
//! the task's is the branch's own: a deadline within it, or that another one has won.

use super::{CancelCell, LOST};

impl CancelCell {
    /// What runs under this cell begins within what has had so many requests.
    pub(crate) fn inherit(&self, met: u32) {
        self.count.set(met);
    }

    /// As [`request_or_relay`](Self::request_or_relay), of a branch that has lost.
    pub(crate) fn lose(&self) {
        self.request_or_relay(None);
        self.count.set(self.count.get() | LOST);
    }

    /// As [`uncancel`](Self::uncancel), by the branch itself, whose task has this cell. It takes back what only the branch
    /// knows of, if there is such a request, else one of both.
    pub(crate) fn uncancel_branch(&self, task: &Self) -> u32 {
        if self.has_lost() {
            self.count.set(self.count());
        } else if self.count() <= task.count() {
            task.uncancel();
        }
        self.uncancel();
        self.count_in_branch(task)
    }

    /// How many requests there are, for a branch of the task that has this cell.
    pub(crate) fn count_in_branch(&self, task: &Self) -> u32 {
        self.count().max(task.count() + u32::from(self.has_lost()))
    }

    /// Whether one of them is that the branch has lost.
    fn has_lost(&self) -> bool {
        self.count.get() & LOST != 0
    }
}
