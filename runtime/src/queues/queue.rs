//! `Queue`: the public face of a queue.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::error::PutError;
use super::get::Get;
use super::join::Join;
use super::put::Put;
use super::state::Shared;
use super::storage::{Items, QueueStorage};
use super::stream::QueueStream;
use crate::exceptions::{Error, Result};

/// A queue between tasks, first in first out. Python: `asyncio.Queue`.
///
/// A clonable handle that stays on its thread; a clone is the same queue. [`PriorityQueue`](crate::PriorityQueue) and
/// [`LifoQueue`](crate::LifoQueue) give their items out in another order, and are queues like this one otherwise.
///
/// An item belongs to the queue until somebody takes it: a `get` that is cancelled leaves it there, and wakes the
/// next one.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let queue = asyncio::Queue::with_maxsize(1);
///     let producer = asyncio::create_task({
///         let queue = queue.clone();
///         async move {
///             for n in 0..3 {
///                 queue.put(n).await?; // waits while the queue is full
///             }
///             queue.shutdown(false);
///             Ok::<_, asyncio::Error>(())
///         }
///     });
///     let mut got = Vec::new();
///     while let Ok(n) = queue.get().await {
///         got.push(n);
///     }
///     assert_eq!(got, [0, 1, 2]);
///     producer.await
/// })
/// # }
/// ```
pub struct Queue<T> {
    pub(super) shared: Rc<Shared<T>>,
}

impl<T> Queue<T> {
    /// A queue without a limit. It needs no running loop.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = asyncio::Queue::new();
    /// queue.put_nowait("item").unwrap();
    /// assert_eq!((queue.maxsize(), queue.qsize()), (0, 1));
    /// ```
    pub fn new() -> Self {
        Self::with_maxsize(0)
    }

    /// A queue of at most `maxsize` items; zero is no limit. Python: `Queue(maxsize)`.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = asyncio::Queue::with_maxsize(1);
    /// queue.put_nowait("item").unwrap();
    /// assert!(queue.full());
    /// ```
    pub fn with_maxsize(maxsize: usize) -> Self {
        Self::made_of(maxsize, Items::Fifo(VecDeque::new()))
    }

    /// A queue with an order of one's own. Python: a class derived from `Queue`.
    ///
    /// See [`QueueStorage`] for an example.
    pub fn with_storage(maxsize: usize, storage: impl QueueStorage<T> + 'static) -> Self {
        Self::made_of(maxsize, Items::Other(Box::new(storage)))
    }

    fn made_of(maxsize: usize, items: Items<T>) -> Self {
        Self { shared: Rc::new(Shared::new(maxsize, items)) }
    }

    /// Takes the next item out; waits while there is none. Python: `Queue.get()`.
    ///
    /// Who waits is woken in order; but an item that is there goes to whoever asks first, which may be a newcomer. The
    /// one that was woken for it waits again then, at the end.
    ///
    /// # Errors
    ///
    /// `QueueShutDown` if the queue was shut down and is empty. `RuntimeError` if it must wait, and tasks of another
    /// loop have waited here before.
    ///
    /// # Cancellation
    ///
    /// No item is lost: it stays in the queue, and the next one who waits is woken.
    #[inline]
    pub fn get(&self) -> Get<T> {
        Get::new(self.clone())
    }

    /// Takes the next item out if there is one. Python: `Queue.get_nowait()`.
    ///
    /// # Errors
    ///
    /// `QueueEmpty` if there is none; `QueueShutDown` if there will be none.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = asyncio::Queue::<u8>::new();
    /// assert!(matches!(queue.get_nowait(), Err(asyncio::Error::QueueEmpty)));
    /// ```
    #[inline]
    pub fn get_nowait(&self) -> Result<T> {
        match self.shared.take() {
            Some(item) => Ok(item),
            None if self.shared.is_shut() => Err(Error::QueueShutDown),
            None => Err(Error::QueueEmpty),
        }
    }

    /// Puts an item in; waits while the queue is full. Python: `Queue.put()`.
    ///
    /// Who waits is woken in order; but room that is there goes to whoever comes first.
    ///
    /// # Errors
    ///
    /// A [`PutError`], which brings the item back: `QueueShutDown` if the queue was shut down, before or meanwhile;
    /// `RuntimeError` if it must wait, and tasks of another loop have waited here before.
    ///
    /// # Cancellation
    ///
    /// Either the item is in the queue and the call has returned, or it never was in it: then it is dropped with the
    /// future, and if there was room by then, the next one who waits is woken. To have the item back, keep the future:
    /// see [`Put::into_item`].
    #[inline]
    pub fn put(&self, item: T) -> Put<T> {
        Put::new(self.clone(), item)
    }

    /// Puts an item in if there is room. Python: `Queue.put_nowait()`.
    ///
    /// # Errors
    ///
    /// A [`PutError`], which brings the item back: `QueueShutDown` if the queue was shut down, `QueueFull` if it is
    /// full.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = asyncio::Queue::with_maxsize(1);
    /// queue.put_nowait(1).unwrap();
    /// assert_eq!(queue.put_nowait(2).unwrap_err().item, 2);
    /// ```
    #[inline]
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        self.shared.add(item).map_err(|item| PutError::new(self.shared.refusal(), item))
    }

    /// The items as a stream, which ends once the queue is shut down and empty.
    ///
    /// Several streams of one queue share its items. Each waits in line like a [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// `RuntimeError` where no loop runs, or if tasks of another loop have waited here before.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    ///
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let queue = asyncio::Queue::new();
    ///     queue.put_nowait(1)?;
    ///     queue.put_nowait(2)?;
    ///     queue.shutdown(false);
    ///     let items: Vec<_> = queue.stream()?.collect().await;
    ///     assert_eq!(items, [1, 2]);
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn stream(&self) -> Result<QueueStream<T>> {
        self.shared.check_loop()?;
        Ok(QueueStream::new(self.clone()))
    }

    /// Says that an item that was taken out is done. Python: `Queue.task_done()`.
    ///
    /// # Errors
    ///
    /// `ValueError` if it is called more often than items were put.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = asyncio::Queue::new();
    /// queue.put_nowait("item").unwrap();
    /// queue.task_done().unwrap();
    /// assert!(queue.task_done().unwrap_err().to_string().contains("more often"));
    /// ```
    pub fn task_done(&self) -> Result<()> {
        if self.shared.unfinished() == 0 {
            return Err(Error::value_error(
                "task_done() was called more often than items were put; call it once for each item that was taken out",
            ));
        }
        self.shared.finish(1);
        Ok(())
    }

    /// Waits until each item that was put is reported by [`task_done`](Self::task_done). Python: `Queue.join()`.
    ///
    /// At once if there is none. Items that are put after the last one was done do not make it wait again.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it must wait, and tasks of another loop have waited here before.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let queue = asyncio::Queue::new();
    ///     queue.put_nowait("item")?;
    ///     let worker = queue.clone();
    ///     let task = asyncio::create_task(async move {
    ///         worker.get().await?;
    ///         worker.task_done()
    ///     });
    ///     queue.join().await?;
    ///     task.await
    /// })
    /// # }
    /// ```
    pub fn join(&self) -> Join<T> {
        Join::new(self.clone())
    }

    /// Closes the queue. Python: `Queue.shutdown()`.
    ///
    /// Putting fails from now on, for those who wait as well; getting fails once the queue is empty. `immediate` drops
    /// the items that are left, each of which counts as done. It can be called again, to make it immediate.
    ///
    /// # Examples
    ///
    /// ```
    /// let queue = asyncio::Queue::new();
    /// queue.put_nowait(1).unwrap();
    /// queue.shutdown(false);
    /// assert!(queue.put_nowait(2).is_err());
    /// assert_eq!(queue.get_nowait().unwrap(), 1);
    /// assert!(matches!(queue.get_nowait(), Err(asyncio::Error::QueueShutDown)));
    /// ```
    pub fn shutdown(&self, immediate: bool) {
        self.shared.shut(immediate);
    }

    /// How many items it may have; zero is no limit. Python: `Queue.maxsize`.
    pub fn maxsize(&self) -> usize {
        self.shared.maxsize
    }

    /// How many items it has. Python: `Queue.qsize()`.
    #[inline]
    pub fn qsize(&self) -> usize {
        self.shared.qsize()
    }

    /// Whether it has none. Python: `Queue.empty()`.
    #[inline]
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether it has `maxsize` items; never, without a limit. Python: `Queue.full()`.
    #[inline]
    pub fn full(&self) -> bool {
        self.shared.is_full()
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
