//! Awaiting a future: the leaf.

use std::future::{Future as StdFuture, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{Future, Place};
use crate::cancellation::{Awaited, Relay, is_marked};
use crate::event_loop::{Inner, current_inner};
use crate::exceptions::{Error, Result};
use crate::trace::{WaitsFor, waits_for};

/// What `future.await` awaits.
///
/// # Cancellation
///
/// Cancelling a task that waits here cancels the future it waits for, and the task leaves. Use
/// [`shield`](crate::shield) to keep the future.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct FutureAwait<T: 'static> {
    future: Future<T>,
    place: Place,
    relay: Relay,
}

impl<T: Clone> StdFuture for FutureAwait<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let cell = &this.future.cell;
        if !cell.state.borrow().is_done() {
            if !this.place.is_taken() && !cell.inner.is_running() {
                never_ends(&cell.inner, cell.location)?;
            }
            cell.waiters.with(|waiters| waiters.wait(&mut this.place, cx));
            let target = || Awaited::Future(cell.clone());
            this.relay.pending(Rc::as_ptr(cell).cast(), target);
            waits_for(WaitsFor::Future, Rc::as_ptr(cell).addr());
            return Poll::Pending;
        }
        let waited = this.place.is_taken();
        if waited && is_marked() {
            return Poll::Pending;
        }
        if this.relay.done(|| cell.state.borrow().cancelled_error()) {
            return Poll::Pending;
        }
        Poll::Ready(this.future.result())
    }
}

impl<T> FutureAwait<T> {
    /// What tells its future from others that are alive.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.future.cell).addr()
    }
}

/// An error if another loop runs than the one whose future is awaited. Without any, somebody else polls.
#[cold]
pub(super) fn never_ends(inner: &Inner, location: &'static Location<'static>) -> Result<()> {
    if current_inner(|running| running.is_none_or(|running| ptr::eq(&**running, inner))) {
        return Ok(());
    }
    let text =
        format!("the future created at {location} is another event loop's, which cannot run while this one does");
    Err(Error::runtime_error(text))
}

impl<T> Drop for FutureAwait<T> {
    #[inline]
    fn drop(&mut self) {
        // Once the future is done it has let go of those who wait.
        if self.place.is_taken() && !self.future.done() {
            let waiter = self.future.cell.waiters.with(|waiters| waiters.leave(&mut self.place));
            drop(waiter);
        }
    }
}

impl<T: Clone> IntoFuture for Future<T> {
    type Output = Result<T>;
    type IntoFuture = FutureAwait<T>;

    fn into_future(self) -> FutureAwait<T> {
        FutureAwait { future: self, place: Place::default(), relay: Relay::default() }
    }
}

impl<T: Clone> IntoFuture for &Future<T> {
    type Output = Result<T>;
    type IntoFuture = FutureAwait<T>;

    fn into_future(self) -> FutureAwait<T> {
        self.clone().into_future()
    }
}
