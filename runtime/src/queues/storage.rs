//! In which order a queue gives its items out.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;

/// Where a queue keeps its items. Python: the methods `_put`, `_get` and `_qsize` of a class of one's own.
///
/// For [`Queue::with_storage`](crate::Queue::with_storage). No method may use the queue itself: it is borrowed
/// meanwhile, and that panics.
///
/// # Examples
///
/// ```
/// use asyncio::{Queue, QueueStorage};
///
/// /// Forgets what was put twice.
/// #[derive(Default)]
/// struct Distinct(std::collections::BTreeSet<u32>);
///
/// impl QueueStorage<u32> for Distinct {
///     fn put(&mut self, item: u32) {
///         self.0.insert(item);
///     }
///
///     fn get(&mut self) -> Option<u32> {
///         self.0.pop_first()
///     }
///
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// let queue = Queue::with_storage(0, Distinct::default());
/// for item in [2, 1, 2] {
///     queue.put_nowait(item)?;
/// }
/// assert_eq!((queue.get_nowait()?, queue.get_nowait()?, queue.empty()), (1, 2, true));
/// # Ok(())
/// # }
/// ```
pub trait QueueStorage<T> {
    /// Takes an item in.
    fn put(&mut self, item: T);

    /// Gives the next item out, `None` if there is none.
    fn get(&mut self) -> Option<T>;

    /// How many items there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The items of a queue. The plain order is known here, so that its calls are direct.
pub(super) enum Items<T> {
    Fifo(VecDeque<T>),
    Other(Box<dyn QueueStorage<T>>),
}

impl<T> Items<T> {
    #[inline]
    pub(super) fn put(&mut self, item: T) {
        match self {
            Self::Fifo(items) => items.push_back(item),
            Self::Other(items) => items.put(item),
        }
    }

    #[inline]
    pub(super) fn get(&mut self) -> Option<T> {
        match self {
            Self::Fifo(items) => items.pop_front(),
            Self::Other(items) => items.get(),
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Fifo(items) => items.len(),
            Self::Other(items) => items.len(),
        }
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.len())
    }
}

/// The newest first.
#[derive(Debug)]
pub(super) struct Stack<T>(pub(super) Vec<T>);

impl<T> QueueStorage<T> for Stack<T> {
    fn put(&mut self, item: T) {
        self.0.push(item);
    }

    fn get(&mut self) -> Option<T> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The lowest first.
#[derive(Debug)]
pub(super) struct Heap<T>(pub(super) BinaryHeap<Reverse<T>>);

impl<T: Ord> QueueStorage<T> for Heap<T> {
    fn put(&mut self, item: T) {
        self.0.push(Reverse(item));
    }

    fn get(&mut self) -> Option<T> {
        self.0.pop().map(|Reverse(item)| item)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
