//! `Queue::join`: waiting until all items are done.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::queue::Queue;
use crate::cancellation::is_marked;
use crate::exceptions::Result;
use crate::sync::Place;
use crate::trace::{WaitsFor, address_of, waits_for};

/// What [`Queue::join`] returns.
#[derive(Debug)]
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct Join<T> {
    queue: Queue<T>,
    place: Option<Place>,
}

impl<T> Join<T> {
    pub(super) fn new(queue: Queue<T>) -> Self {
        Self { queue, place: None }
    }
}

impl<T> Future for Join<T> {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        let shared = &*this.queue.shared;
        match this.place {
            None if shared.unfinished() == 0 => return Poll::Ready(Ok(())),
            None => {
                shared.check_loop()?;
                this.place = Some(shared.joiners.enter(context));
            }
            // Not the count: it may have risen since.
            Some(place) if !is_marked() && shared.joiners.leave_if_woken(place, context) => {
                this.place = None;
                return Poll::Ready(Ok(()));
            }
            Some(_) => {}
        }
        waits_for(WaitsFor::Join, address_of(shared));
        Poll::Pending
    }
}

impl<T> Drop for Join<T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.queue.shared.joiners.leave(place);
        }
    }
}
