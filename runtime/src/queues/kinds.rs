//! The queues with another order. As in Python each is a [`Queue`]: it lends itself as one.

use std::collections::BinaryHeap;
use std::fmt;
use std::ops::Deref;

use super::queue::Queue;
use super::storage::{Heap, Stack};

/// A [`Queue`] that gives its lowest item out first. Python: `asyncio.PriorityQueue`.
///
/// Which of equal items comes first is not defined. For jobs with a priority put `(priority, number, job)`, where the
/// number counts up: it keeps equal priorities in order, and the jobs are never compared.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// let queue = asyncio::PriorityQueue::new();
/// for (priority, job) in [(2, "sweep"), (1, "open"), (3, "close")] {
///     queue.put_nowait((priority, job))?;
/// }
/// assert_eq!(queue.get_nowait()?, (1, "open"));
/// # Ok(())
/// # }
/// ```
pub struct PriorityQueue<T> {
    queue: Queue<T>,
}

impl<T: Ord + 'static> PriorityQueue<T> {
    /// A queue without a limit. It needs no running loop.
    pub fn new() -> Self {
        Self::with_maxsize(0)
    }

    /// A queue of at most `maxsize` items; zero is no limit.
    pub fn with_maxsize(maxsize: usize) -> Self {
        Self { queue: Queue::with_storage(maxsize, Heap(BinaryHeap::new())) }
    }
}

impl<T: Ord + 'static> Default for PriorityQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`Queue`] that gives its newest item out first. Python: `asyncio.LifoQueue`.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// let queue = asyncio::LifoQueue::new();
/// queue.put_nowait("old")?;
/// queue.put_nowait("new")?;
/// assert_eq!(queue.get_nowait()?, "new");
/// # Ok(())
/// # }
/// ```
pub struct LifoQueue<T> {
    queue: Queue<T>,
}

impl<T: 'static> LifoQueue<T> {
    /// A queue without a limit. It needs no running loop.
    pub fn new() -> Self {
        Self::with_maxsize(0)
    }

    /// A queue of at most `maxsize` items; zero is no limit.
    pub fn with_maxsize(maxsize: usize) -> Self {
        Self { queue: Queue::with_storage(maxsize, Stack(Vec::new())) }
    }
}

impl<T: 'static> Default for LifoQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for PriorityQueue<T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.queue
    }
}

impl<T> Deref for LifoQueue<T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.queue
    }
}

impl<T> Clone for PriorityQueue<T> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<T> Clone for LifoQueue<T> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<T> From<PriorityQueue<T>> for Queue<T> {
    fn from(queue: PriorityQueue<T>) -> Self {
        queue.queue
    }
}

impl<T> From<LifoQueue<T>> for Queue<T> {
    fn from(queue: LifoQueue<T>) -> Self {
        queue.queue
    }
}

impl<T> fmt::Debug for PriorityQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PriorityQueue").field(&self.queue).finish()
    }
}

impl<T> fmt::Debug for LifoQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LifoQueue").field(&self.queue).finish()
    }
}
