//! A queue's items as a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::queue::Queue;
use crate::sync::Place;

/// What [`Queue::stream`] returns.
///
/// # Cancellation
///
/// No item is lost: it stays in the queue, and the next one who waits is woken.
#[derive(Debug)]
#[must_use = "nothing is taken until it is polled: use StreamExt::next()"]
pub struct QueueStream<T> {
    queue: Queue<T>,
    place: Option<Place>,
}

impl<T> QueueStream<T> {
    pub(super) fn new(queue: Queue<T>) -> Self {
        Self { queue, place: None }
    }
}

impl<T> Stream for QueueStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        // The only error is the queue's end, for its loop was looked at when the stream was made.
        this.queue.shared.poll_get(&mut this.place, context).map(Result::ok)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, None)
    }
}

impl<T> Drop for QueueStream<T> {
    fn drop(&mut self) {
        self.queue.shared.give_up_get(&mut self.place);
    }
}
