//! `Lock`: one holder at a time, in the order of asking.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::acquire::{Acquirable, Acquire, Hold, Raw, Slot, Ticket};
use super::bound::Bound;
use super::wait_queue::WaitQueue;
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::trace::{Holder, WaitsFor, address_of, list_holder, waits_for};

/// A lock between the tasks of one loop. Python: `asyncio.Lock`.
///
/// A clonable handle that stays on its thread; a clone is the same lock. It is fair: whoever asked first gets it
/// first, and a task that releases it and asks again stands behind those who wait. It has no owner and is not
/// re-entrant: a task that asks for what it holds waits for ever.
///
/// A task runs alone until it awaits, so what happens between two awaits needs no lock.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let lock = asyncio::Lock::new();
///     let other = lock.clone();
///     let task = asyncio::create_task(async move {
///         let _held = other.hold().await?;
///         asyncio::sleep(Duration::from_millis(1)).await; // nobody else is here meanwhile
///         Ok::<_, asyncio::Error>(())
///     });
///     asyncio::sleep(Duration::ZERO).await;
///     assert!(lock.locked());
///     drop(lock.hold().await?);
///     task.await
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Lock {
    shared: Rc<Shared>,
}

struct Shared {
    /// Who holds it; zero is nobody.
    holder: Cell<u64>,
    /// The last number that was given to a holder.
    last: Cell<u64>,
    waiters: WaitQueue,
    bound: Bound,
    /// The task that took it; only a report asks.
    taker: Cell<usize>,
    /// Whether reports find it.
    listed: Cell<bool>,
}

impl Lock {
    /// A lock that nobody holds. It needs no running loop.
    pub fn new() -> Self {
        let shared = Shared {
            holder: Cell::new(0),
            last: Cell::new(0),
            waiters: WaitQueue::new(),
            bound: Bound::new(),
            taker: Cell::new(0),
            listed: Cell::new(false),
        };
        Self { shared: Rc::new(shared) }
    }

    /// Waits for the lock and holds it until the guard is dropped. Python: `async with lock`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it must wait, and tasks of another loop have waited for this lock before.
    ///
    /// # Cancellation
    ///
    /// Gives its place up. If it was its turn already, the next one gets the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let lock = asyncio::Lock::new();
    ///     {
    ///         let _held = lock.hold().await?;
    ///         assert!(lock.locked());
    ///     }
    ///     assert!(!lock.locked());
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[doc(alias = "lock")]
    #[doc(alias = "__aenter__")]
    #[inline]
    pub fn hold(&self) -> Hold<Self> {
        Hold::new(self.clone())
    }

    /// Waits for the lock and takes it; somebody has to [`release`](Self::release) it. Python: `Lock.acquire()`.
    ///
    /// A lock that is free and that nobody waits for is taken at once, without a tick. A cancel that comes between
    /// `acquire` and `release` leaves it locked: use [`hold`](Self::hold) where that can happen.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it must wait, and tasks of another loop have waited for this lock before.
    ///
    /// # Cancellation
    ///
    /// Gives its place up. If it was its turn already, the next one gets the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let lock = asyncio::Lock::new();
    ///     lock.acquire().await?;
    ///     lock.release()
    /// })
    /// # }
    /// ```
    #[inline]
    pub fn acquire(&self) -> Acquire<Self> {
        Acquire::new(self.clone())
    }

    /// Frees the lock and wakes the first who waits. Python: `Lock.release()`.
    ///
    /// Until that one has run, [`locked`](Self::locked) is false; a newcomer waits behind it all the same.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if nobody holds it.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = asyncio::Lock::new();
    /// assert!(lock.release().unwrap_err().to_string().contains("not held"));
    /// ```
    #[inline]
    pub fn release(&self) -> Result<()> {
        if self.shared.holder.get() == 0 {
            return Err(not_held());
        }
        self.shared.release();
        Ok(())
    }

    /// Whether somebody holds it. Python: `Lock.locked()`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!asyncio::Lock::new().locked());
    /// ```
    #[inline]
    pub fn locked(&self) -> bool {
        self.shared.holder.get() != 0
    }

    /// Which acquisition holds it; for a condition, which puts it back.
    pub(super) fn holder(&self) -> Option<Ticket> {
        Some(self.shared.holder.get()).filter(|holder| *holder != 0).map(Ticket)
    }

    /// Whoever holds it goes on as `ticket`, so that a guard from before the wait releases it.
    pub(super) fn hold_as(&self, ticket: Ticket) {
        debug_assert!(self.locked(), "it was just acquired");
        self.shared.holder.set(ticket.0);
    }

    pub(super) fn check_loop(&self) -> Result<()> {
        self.shared.bound.check("lock")
    }
}

impl Shared {
    #[inline]
    fn take(&self, context: &Context<'_>) -> Ticket {
        debug_assert_eq!(self.holder.get(), 0, "there is one holder");
        let ticket = self.last.get() + 1;
        self.last.set(ticket);
        self.holder.set(ticket);
        // That of the task's own waker, and of no task where there is another.
        self.taker.set(context.waker().data().addr());
        Ticket(ticket)
    }

    #[inline]
    fn release(&self) {
        self.holder.set(0);
        self.waiters.wake_first();
    }
}

#[cold]
fn not_held() -> Error {
    Error::runtime_error("release() of a lock that is not held; call it once for each acquire(), or drop the guard")
}

impl Holder for Shared {
    fn holder(&self) -> Option<usize> {
        Some(self.taker.get()).filter(|_| self.holder.get() != 0)
    }
}

impl Acquirable for Lock {}

impl Raw for Lock {
    #[inline]
    fn poll_acquire(&self, slot: &mut Slot, context: &Context<'_>) -> Poll<Result<Ticket>> {
        let shared = &*self.shared;
        match slot.0 {
            None if shared.holder.get() == 0 && shared.waiters.is_empty() => {
                return Poll::Ready(Ok(shared.take(context)));
            }
            None => {
                shared.bound.check("lock")?;
                if !shared.listed.replace(true) {
                    let held: Rc<dyn Holder> = self.shared.clone();
                    list_holder(address_of(shared), Rc::downgrade(&held));
                }
                slot.0 = Some(shared.waiters.enter(context));
            }
            // The first one was woken and the lock is free: whoever came since stands behind it.
            Some(place) if !is_marked() && shared.waiters.leave_if_woken(place, context) => {
                slot.0 = None;
                return Poll::Ready(Ok(shared.take(context)));
            }
            Some(_) => {}
        }
        waits_for(WaitsFor::Lock, address_of(shared));
        Poll::Pending
    }

    fn give_up(&self, slot: &mut Slot) {
        let Some(place) = slot.0.take() else { return };
        self.shared.waiters.leave(place);
        if !self.locked() {
            self.shared.waiters.wake_first();
        }
    }

    #[inline]
    fn give_back(&self, ticket: Ticket) {
        // Released by hand since, or given up by a condition's wait that was dropped: it is not ours any more.
        if self.shared.holder.get() == ticket.0 {
            self.shared.release();
        }
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "unlocked" };
        write!(f, "<Lock {state}, waiters: {}>", self.shared.waiters.len())
    }
}
