//! From the one typed handle of a task to its outcome.

use super::Task;
use crate::exceptions::Result;

/// The outcome of a task that is done, cloned.
pub(super) fn clone<T: Clone + 'static>(task: &Task<T>) -> Option<Result<T>> {
    // SAFETY: a `Task<T>` is made once, where a future of value type `T` was put into the block.
    unsafe { task.any.task().clone_outcome() }
}

/// Takes the outcome of a task that is done.
pub(super) fn take<T: 'static>(task: &mut Task<T>) -> Option<Result<T>> {
    // SAFETY: as above, and the handle is lent to us alone.
    unsafe { task.any.task().take_outcome() }
}
