//! `Semaphore`: a number of permissions, handed out in the order of asking.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::acquire::{Acquirable, Acquire, Hold, Raw, Slot, Ticket};
use super::bound::Bound;
use super::wait_queue::WaitQueue;
use crate::cancellation::is_marked;
use crate::event_loop::{ExceptionContext, current_inner};
use crate::exceptions::{Error, Result};
use crate::trace::{WaitsFor, address_of, waits_for};

/// A counter that many tasks may take from, and that never falls below zero. Python: `asyncio.Semaphore`.
///
/// A clonable handle that stays on its thread; a clone is the same semaphore. It is fair: while somebody waits, a
/// newcomer waits behind, even if the counter is not zero. [`BoundedSemaphore`](crate::BoundedSemaphore) notices a
/// release too many.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let at_most_two = asyncio::Semaphore::new(2);
///     let first = at_most_two.hold().await?;
///     let _second = at_most_two.hold().await?;
///     assert!(at_most_two.locked());
///     drop(first);
///     assert!(!at_most_two.locked());
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Semaphore {
    shared: Rc<Shared>,
}

struct Shared {
    /// What is left. A waiter's unit is taken off when it is woken, not when it runs.
    value: Cell<usize>,
    waiters: WaitQueue,
    bound: Bound,
}

impl Semaphore {
    /// A semaphore that lets `value` tasks in; the default is 1. It needs no running loop.
    pub fn new(value: usize) -> Self {
        Self { shared: Rc::new(Shared { value: Cell::new(value), waiters: WaitQueue::new(), bound: Bound::new() }) }
    }

    /// Waits for a unit and holds it until the guard is dropped. Python: `async with semaphore`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it must wait, and tasks of another loop have waited for this semaphore before.
    ///
    /// # Cancellation
    ///
    /// Gives its place up. If it had its unit already, the next one gets it.
    #[inline]
    pub fn hold(&self) -> Hold<Self> {
        Hold::new(self.clone())
    }

    /// Waits for a unit and takes it; somebody has to [`release`](Self::release) it. Python: `Semaphore.acquire()`.
    ///
    /// At once, without a tick, if there is one and nobody waits. A cancel that comes between `acquire` and `release`
    /// loses the unit: use [`hold`](Self::hold) where that can happen.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it must wait, and tasks of another loop have waited for this semaphore before.
    ///
    /// # Cancellation
    ///
    /// Gives its place up. If it had its unit already, the next one gets it.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let semaphore = asyncio::Semaphore::default();
    ///     semaphore.acquire().await?;
    ///     semaphore.release()
    /// })
    /// # }
    /// ```
    #[inline]
    pub fn acquire(&self) -> Acquire<Self> {
        Acquire::new(self.clone())
    }

    /// Adds one to the counter and wakes the next who waits. Python: `Semaphore.release()`.
    ///
    /// It may be called more often than `acquire`: that is how units are added.
    ///
    /// # Errors
    ///
    /// `ValueError` if the counter is at its largest number.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = asyncio::Semaphore::new(0);
    /// semaphore.release().unwrap();
    /// assert!(!semaphore.locked());
    /// ```
    pub fn release(&self) -> Result<()> {
        let value = self.shared.value.get().checked_add(1);
        self.shared.value.set(value.ok_or_else(|| {
            Error::value_error("release() of a semaphore that is at its largest value; release less than that")
        })?);
        self.shared.grant();
        Ok(())
    }

    /// Whether [`acquire`](Self::acquire) would have to wait: none is left, or somebody waits. Python:
    /// `Semaphore.locked()`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(asyncio::Semaphore::new(0).locked());
    /// ```
    #[inline]
    pub fn locked(&self) -> bool {
        self.shared.value.get() == 0 || !self.shared.waiters.is_empty()
    }

    pub(super) fn value(&self) -> usize {
        self.shared.value.get()
    }
}

impl Shared {
    /// Gives one unit to the next who sleeps, if there are both.
    fn grant(&self) -> bool {
        let value = self.value.get();
        if value == 0 {
            return false;
        }
        // Taken off before anybody's code runs.
        self.value.set(value - 1);
        let granted = self.waiters.wake_next();
        if !granted {
            self.value.set(self.value.get() + 1);
        }
        granted
    }

    fn grant_all(&self) {
        while self.grant() {}
    }
}

impl Acquirable for Semaphore {}

impl Raw for Semaphore {
    #[inline]
    fn poll_acquire(&self, slot: &mut Slot, context: &Context<'_>) -> Poll<Result<Ticket>> {
        let shared = &*self.shared;
        match slot.0 {
            None if !self.locked() => {
                shared.value.set(shared.value.get() - 1);
                return Poll::Ready(Ok(Ticket(0)));
            }
            None => {
                shared.bound.check("semaphore")?;
                slot.0 = Some(shared.waiters.enter(context));
            }
            Some(place) if !is_marked() && shared.waiters.leave_if_woken(place, context) => {
                slot.0 = None;
                // Who came while this one was on its way had to queue although units were left.
                shared.grant_all();
                return Poll::Ready(Ok(Ticket(0)));
            }
            Some(_) => {}
        }
        waits_for(WaitsFor::Semaphore, address_of(shared));
        Poll::Pending
    }

    fn give_up(&self, slot: &mut Slot) {
        let Some(place) = slot.0.take() else { return };
        if self.shared.waiters.leave(place) {
            self.shared.value.set(self.shared.value.get() + 1);
        }
        self.shared.grant_all();
    }

    fn give_back(&self, _ticket: Ticket) {
        report(self.release());
    }
}

/// A guard's release that fails has nobody to return the error to.
pub(super) fn report(released: Result<()>) {
    let Err(error) = released else { return };
    let report = ExceptionContext::new("a guard could not release its semaphore").exception(error).code("ASY0019");
    match current_inner(|inner| inner.cloned()) {
        Some(inner) => inner.call_exception_handler(report),
        None => crate::log::failure(&report),
    }
}

impl Default for Semaphore {
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "unlocked" };
        write!(f, "<Semaphore {state}, value: {}, waiters: {}>", self.value(), self.shared.waiters.len())
    }
}
