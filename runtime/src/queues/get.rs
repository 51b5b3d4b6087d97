//! `Queue::get`: waiting for an item.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::queue::Queue;
use super::state::Shared;
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::sync::Place;
use crate::trace::{WaitsFor, address_of, waits_for};

/// What [`Queue::get`] returns.
#[derive(Debug)]
#[must_use = "nothing is taken until it is awaited: write `.await`"]
pub struct Get<T> {
    queue: Queue<T>,
    place: Option<Place>,
}

impl<T> Get<T> {
    #[inline]
    pub(super) fn new(queue: Queue<T>) -> Self {
        Self { queue, place: None }
    }
}

impl<T> Future for Get<T> {
    type Output = Result<T>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        this.queue.shared.poll_get(&mut this.place, context)
    }
}

impl<T> Drop for Get<T> {
    #[inline]
    fn drop(&mut self) {
        if self.place.is_some() {
            self.queue.shared.give_up_get(&mut self.place);
        }
    }
}

impl<T> Shared<T> {
    /// Takes an item, or takes or keeps a place among those who wait for one.
    ///
    /// Who waits is polled twice for each item: as a function of its own, a third of this would be registers that are
    /// saved and a result that goes through memory.
    #[inline(always)]
    pub(super) fn poll_get(&self, slot: &mut Option<Place>, context: &Context<'_>) -> Poll<Result<T>> {
        if let Some(place) = *slot {
            if is_marked() || !self.getters.leave_if_woken(place, context) {
                waits_for(WaitsFor::Get, address_of(self));
                return Poll::Pending;
            }
            *slot = None;
        }
        if let Some(item) = self.take() {
            return Poll::Ready(Ok(item));
        }
        if self.is_shut() {
            return Poll::Ready(Err(Error::QueueShutDown));
        }
        // The first poll, or somebody else was faster: then this one stands at the end again.
        self.check_loop()?;
        *slot = Some(self.getters.enter(context));
        waits_for(WaitsFor::Get, address_of(self));
        Poll::Pending
    }

    /// The waiting ends without an item; one that it was woken for goes to the next. Apart, for most end with one.
    #[inline(never)]
    pub(super) fn give_up_get(&self, slot: &mut Option<Place>) {
        if let Some(place) = slot.take() {
            if self.getters.leave(place) && self.qsize() > 0 {
                self.getters.wake_next();
            }
        }
    }
}
