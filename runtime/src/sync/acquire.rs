//! `acquire()`, `hold()` and what they give: written once for locks, conditions and semaphores.
//!
//! `hold()` is Python's `async with`: it gives a guard, and dropping the guard releases, on every way out of a block,
//! a cancel included. `acquire()` and `release()` are Python's methods of these names, for what begins in one place
//! and ends in another.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::wait_queue::Place;
use crate::exceptions::Result;

/// What can be acquired and released: [`Lock`](crate::Lock), [`Condition`](crate::Condition),
/// [`Semaphore`](crate::Semaphore), [`BoundedSemaphore`](crate::BoundedSemaphore).
pub trait Acquirable: Raw {}

/// Which acquisition of a lock is meant; semaphores do not tell theirs apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(unnameable_types, reason = "only this room has use for it")]
pub struct Ticket(pub(super) u64);

/// What the futures and the guard ask of it.
#[expect(unnameable_types, reason = "nobody else implements or calls it")]
pub trait Raw: Clone + fmt::Debug {
    /// Takes it, or takes or keeps a place in the queue.
    fn poll_acquire(&self, slot: &mut Slot, context: &Context<'_>) -> Poll<Result<Ticket>>;

    /// The future is dropped while it waits: whatever it was given goes to the next one.
    fn give_up(&self, slot: &mut Slot);

    /// The guard is dropped.
    fn give_back(&self, ticket: Ticket);
}

/// A future's place among the waiters, once it has one.
#[derive(Debug, Default)]
#[expect(unnameable_types, reason = "only this room has use for it")]
pub struct Slot(pub(super) Option<Place>);

/// What `acquire()` returns.
///
/// # Cancellation
///
/// The place in the queue is given up; if it was its turn already, the next one is woken.
#[must_use = "nothing is acquired until it is awaited: write `.await`"]
pub struct Acquire<L: Acquirable> {
    target: L,
    slot: Slot,
}

impl<L: Acquirable> Acquire<L> {
    #[inline]
    pub(super) fn new(target: L) -> Self {
        Self { target, slot: Slot(None) }
    }

    /// As the future's own poll, and says which acquisition it was.
    #[inline]
    pub(super) fn poll_ticket(&mut self, context: &Context<'_>) -> Poll<Result<Ticket>> {
        self.target.poll_acquire(&mut self.slot, context)
    }
}

impl<L: Acquirable> Unpin for Acquire<L> {}

impl<L: Acquirable> Future for Acquire<L> {
    type Output = Result<()>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_ticket(context).map_ok(|_| ())
    }
}

impl<L: Acquirable> Drop for Acquire<L> {
    #[inline]
    fn drop(&mut self) {
        if self.slot.0.is_some() {
            self.target.give_up(&mut self.slot);
        }
    }
}

impl<L: Acquirable> fmt::Debug for Acquire<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("target", &self.target).field("waits", &self.slot.0.is_some()).finish()
    }
}

/// What `hold()` returns; awaited, it gives a [`Guard`].
///
/// # Cancellation
///
/// As that of [`Acquire`].
#[derive(Debug)]
#[must_use = "nothing is held until it is awaited: write `let guard = ….hold().await?;`"]
pub struct Hold<L: Acquirable> {
    acquire: Acquire<L>,
}

impl<L: Acquirable> Hold<L> {
    #[inline]
    pub(super) fn new(target: L) -> Self {
        Self { acquire: Acquire::new(target) }
    }
}

impl<L: Acquirable> Future for Hold<L> {
    type Output = Result<Guard<L>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Guard<L>>> {
        let ticket = ready!(self.acquire.poll_ticket(context))?;
        Poll::Ready(Ok(Guard { target: self.acquire.target.clone(), ticket }))
    }
}

/// Holds a lock, or one unit of a semaphore, and releases it when it is dropped.
///
/// It borrows nothing, so it can be kept in a struct or be moved into a task of the same loop. It releases what it
/// acquired and nothing else: a guard of a lock that was released by hand does nothing any more, whoever holds the
/// lock by then.
#[must_use = "dropped at once, it releases at once: write `let guard = …`"]
pub struct Guard<L: Acquirable> {
    target: L,
    ticket: Ticket,
}

impl<L: Acquirable> Drop for Guard<L> {
    #[inline]
    fn drop(&mut self) {
        self.target.give_back(self.ticket);
    }
}

impl<L: Acquirable> fmt::Debug for Guard<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&self.target).finish()
    }
}
