//! `BoundedSemaphore`: a semaphore that notices a release too many.

use std::fmt;
use std::task::{Context, Poll};

use super::acquire::{Acquirable, Acquire, Hold, Raw, Slot, Ticket};
use super::semaphore::{Semaphore, report};
use crate::exceptions::{Error, Result};

/// A [`Semaphore`] whose counter never rises above its first value. Python: `asyncio.BoundedSemaphore`.
///
/// # Examples
///
/// ```
/// let semaphore = asyncio::BoundedSemaphore::new(2);
/// assert!(semaphore.release().unwrap_err().to_string().contains("too often"));
/// ```
#[derive(Clone)]
pub struct BoundedSemaphore {
    semaphore: Semaphore,
    bound: usize,
}

impl BoundedSemaphore {
    /// A semaphore that lets `value` tasks in; the default is 1. It needs no running loop.
    pub fn new(value: usize) -> Self {
        Self { semaphore: Semaphore::new(value), bound: value }
    }

    /// As [`Semaphore::hold`]. Python: `async with semaphore`.
    ///
    /// # Errors
    ///
    /// As [`Semaphore::hold`].
    ///
    /// # Cancellation
    ///
    /// As [`Semaphore::hold`].
    pub fn hold(&self) -> Hold<Self> {
        Hold::new(self.clone())
    }

    /// As [`Semaphore::acquire`]. Python: `BoundedSemaphore.acquire()`.
    ///
    /// # Errors
    ///
    /// As [`Semaphore::acquire`].
    ///
    /// # Cancellation
    ///
    /// As [`Semaphore::acquire`].
    pub fn acquire(&self) -> Acquire<Self> {
        Acquire::new(self.clone())
    }

    /// As [`Semaphore::release`]. Python: `BoundedSemaphore.release()`.
    ///
    /// # Errors
    ///
    /// `ValueError` if the counter has its first value: something was released twice.
    pub fn release(&self) -> Result<()> {
        if self.semaphore.value() >= self.bound {
            return Err(Error::value_error(format!(
                "a bounded semaphore of {} was released too often; call release() once for each acquire()",
                self.bound
            )));
        }
        self.semaphore.release()
    }

    /// As [`Semaphore::locked`]. Python: `BoundedSemaphore.locked()`.
    pub fn locked(&self) -> bool {
        self.semaphore.locked()
    }
}

impl Acquirable for BoundedSemaphore {}

impl Raw for BoundedSemaphore {
    fn poll_acquire(&self, slot: &mut Slot, context: &Context<'_>) -> Poll<Result<Ticket>> {
        self.semaphore.poll_acquire(slot, context)
    }

    fn give_up(&self, slot: &mut Slot) {
        self.semaphore.give_up(slot);
    }

    fn give_back(&self, _ticket: Ticket) {
        report(self.release());
    }
}

impl Default for BoundedSemaphore {
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphore").field("semaphore", &self.semaphore).field("bound", &self.bound).finish()
    }
}
