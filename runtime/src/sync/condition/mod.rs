//! `Condition`: a lock, and tasks that wait without it until somebody says that something has changed.

mod wait;

pub use wait::ConditionWait;

use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::acquire::{Acquirable, Acquire, Hold, Raw, Slot, Ticket};
use super::bound::Bound;
use super::lock::Lock;
use super::wait_queue::WaitQueue;
use crate::exceptions::{Error, Result};
use crate::sealed::Sealed;

/// A lock with a waiting room. Python: `asyncio.Condition`.
///
/// A clonable handle that stays on its thread; a clone is the same condition.
///
/// # Examples
///
/// ```
/// use std::{cell::Cell, rc::Rc};
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let (condition, stock) = (asyncio::Condition::new(), Rc::new(Cell::new(0)));
///     let consumer = asyncio::create_task({
///         let (condition, stock) = (condition.clone(), stock.clone());
///         async move {
///             let _held = condition.hold().await?;
///             condition.wait_for(|| stock.get() > 0).await?;
///             stock.set(stock.get() - 1);
///             Ok::<_, asyncio::Error>(())
///         }
///     });
///     asyncio::sleep(std::time::Duration::ZERO).await;
///     {
///         let _held = condition.hold().await?;
///         stock.set(1);
///         condition.notify(1)?;
///     }
///     consumer.await
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Condition {
    lock: Lock,
    shared: Rc<Shared>,
}

struct Shared {
    waiters: WaitQueue,
    bound: Bound,
}

impl Condition {
    /// A condition with a lock of its own. It needs no running loop.
    pub fn new() -> Self {
        Self::with_lock(&Lock::new())
    }

    /// A condition on a lock that others use too. Python: `Condition(lock)`.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = asyncio::Lock::new();
    /// let (not_empty, not_full) = (asyncio::Condition::with_lock(&lock), asyncio::Condition::with_lock(&lock));
    /// assert!(!not_empty.locked() && !not_full.locked());
    /// ```
    pub fn with_lock(lock: &Lock) -> Self {
        Self { lock: lock.clone(), shared: Rc::new(Shared { waiters: WaitQueue::new(), bound: Bound::new() }) }
    }

    /// Waits for the lock and holds it until the guard is dropped. Python: `async with condition`.
    ///
    /// The guard stays good through [`wait`](Self::wait), which gives the lock away meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Lock::hold`].
    ///
    /// # Cancellation
    ///
    /// As [`Lock::hold`].
    pub fn hold(&self) -> Hold<Self> {
        Hold::new(self.clone())
    }

    /// [`Lock::acquire`] of its lock. Python: `Condition.acquire()`.
    ///
    /// # Errors
    ///
    /// As [`Lock::acquire`].
    ///
    /// # Cancellation
    ///
    /// As [`Lock::acquire`].
    pub fn acquire(&self) -> Acquire<Self> {
        Acquire::new(self.clone())
    }

    /// [`Lock::release`] of its lock. Python: `Condition.release()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if nobody holds it.
    pub fn release(&self) -> Result<()> {
        self.lock.release()
    }

    /// [`Lock::locked`] of its lock. Python: `Condition.locked()`.
    pub fn locked(&self) -> bool {
        self.lock.locked()
    }

    /// Gives the lock away, waits for a notification, and takes the lock again. Python: `Condition.wait()`.
    ///
    /// It may return without a notification that was meant for it, so look at the state again, or use
    /// [`wait_for`](Self::wait_for).
    ///
    /// # Errors
    ///
    /// `RuntimeError` if nobody holds the lock, or if tasks of another loop have waited here or for the lock before.
    ///
    /// # Cancellation
    ///
    /// The lock is taken again before the task goes on leaving, however long that takes and however often it is
    /// cancelled meanwhile; the last request is the one that goes on. A notification that came already goes to
    /// another waiter. Where the future is dropped by hand instead, the lock cannot be taken again: a guard of it
    /// knows, and releases nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let condition = asyncio::Condition::new();
    ///     let misuse = condition.wait().await.unwrap_err();
    ///     assert!(misuse.to_string().contains("lock is not held"));
    /// })
    /// # }
    /// ```
    pub fn wait(&self) -> ConditionWait {
        ConditionWait::new(self.clone())
    }

    /// Waits until the predicate holds, and gives its last value. Python: `Condition.wait_for()`.
    ///
    /// The predicate gives a `bool`, or an `Option` whose value is the result. It is asked first and after each
    /// notification, with the lock held; if it holds at once, the lock is not needed.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Cancellation
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let condition = asyncio::Condition::new();
    ///     let mut parcels = vec!["letter"];
    ///     let parcel = condition.wait_for(|| parcels.pop()).await?;
    ///     assert_eq!(parcel, "letter");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn wait_for<P, R>(&self, mut predicate: P) -> impl Future<Output = Result<R::Value>> + use<P, R>
    where
        P: FnMut() -> R,
        R: Truth,
    {
        let condition = self.clone();
        async move {
            loop {
                if let Some(value) = predicate().truth() {
                    return Ok(value);
                }
                condition.wait().await?;
            }
        }
    }

    /// Wakes `n` of those who wait, the oldest first. Python: `Condition.notify()`.
    ///
    /// They go on once they have the lock.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if nobody holds the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// let condition = asyncio::Condition::new();
    /// assert!(condition.notify(1).unwrap_err().to_string().contains("lock is not held"));
    /// ```
    pub fn notify(&self, n: usize) -> Result<()> {
        if !self.locked() {
            return Err(not_held("notify()"));
        }
        for _ in 0..n {
            if !self.shared.waiters.wake_next() {
                break;
            }
        }
        Ok(())
    }

    /// Wakes all who wait. Python: `Condition.notify_all()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if nobody holds the lock.
    pub fn notify_all(&self) -> Result<()> {
        if !self.locked() {
            return Err(not_held("notify_all()"));
        }
        self.shared.waiters.wake_all();
        Ok(())
    }

    /// The receiver of a notification cannot use it.
    fn pass_on(&self) {
        self.shared.waiters.wake_next();
    }
}

#[cold]
fn not_held(what: &str) -> Error {
    Error::runtime_error(format!("{what} of a condition whose lock is not held; call it under hold() or acquire()"))
}

/// What [`Condition::wait_for`] asks for: `bool`, or an `Option` whose value is handed on.
#[diagnostic::on_unimplemented(
    message = "the predicate of `wait_for` must give a `bool` or an `Option`, and this one gives `{Self}`",
    label = "gives `{Self}`"
)]
pub trait Truth: Sealed {
    /// What waiting gives in the end.
    type Value;

    /// The value, once it is true.
    fn truth(self) -> Option<Self::Value>;
}

impl Sealed for bool {}

impl Truth for bool {
    type Value = Self;

    fn truth(self) -> Option<Self> {
        self.then_some(true)
    }
}

impl<T> Sealed for Option<T> {}

impl<T> Truth for Option<T> {
    type Value = T;

    fn truth(self) -> Self {
        self
    }
}

impl Acquirable for Condition {}

impl Raw for Condition {
    fn poll_acquire(&self, slot: &mut Slot, context: &Context<'_>) -> Poll<Result<Ticket>> {
        self.lock.poll_acquire(slot, context)
    }

    fn give_up(&self, slot: &mut Slot) {
        self.lock.give_up(slot);
    }

    fn give_back(&self, ticket: Ticket) {
        self.lock.give_back(ticket);
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "unlocked" };
        write!(f, "<Condition {state}, waiters: {}>", self.shared.waiters.len())
    }
}
