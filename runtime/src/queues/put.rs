//! `Queue::put`: waiting for room.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::error::PutError;
use super::queue::Queue;
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::sync::Place;
use crate::trace::{WaitsFor, address_of, waits_for};

/// What [`Queue::put`] returns; it owns the item until that is in the queue.
#[must_use = "nothing is put until it is awaited: write `.await`"]
pub struct Put<T> {
    queue: Queue<T>,
    /// Taken when the future ends.
    item: Option<T>,
    place: Option<Place>,
}

impl<T> Put<T> {
    #[inline]
    pub(super) fn new(queue: Queue<T>, item: T) -> Self {
        Self { queue, item: Some(item), place: None }
    }

    /// Gives up waiting and gives the item back; `None` if it was put.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let queue = asyncio::Queue::with_maxsize(1);
    ///     queue.put("first").await?;
    ///     let mut put = queue.put("second");
    ///     assert!(asyncio::timeout(Duration::from_millis(1), &mut put).await.unwrap_err().is_timeout());
    ///     assert_eq!(put.into_item(), Some("second"));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn into_item(mut self) -> Option<T> {
        self.item.take()
    }

    fn poll_put(&mut self, context: &Context<'_>) -> Poll<Result<()>> {
        let shared = &*self.queue.shared;
        if let Some(place) = self.place {
            if is_marked() || !shared.putters.leave_if_woken(place, context) {
                waits_for(WaitsFor::Put, address_of(shared));
                return Poll::Pending;
            }
            self.place = None;
        }
        let item = self.item.take().expect("a future is not polled after it has ended");
        let Err(item) = shared.add(item) else { return Poll::Ready(Ok(())) };
        self.item = Some(item);
        if shared.is_shut() {
            return Poll::Ready(Err(Error::QueueShutDown));
        }
        // The first poll, or somebody else was faster: then this one stands at the end again.
        shared.check_loop()?;
        self.place = Some(shared.putters.enter(context));
        waits_for(WaitsFor::Put, address_of(shared));
        Poll::Pending
    }
}

impl<T> Unpin for Put<T> {}

impl<T> Future for Put<T> {
    type Output = Result<(), PutError<T>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.poll_put(context).map_err(|error| {
            let item = this.item.take().expect("a future is not polled after it has ended");
            PutError::new(error, item)
        })
    }
}

impl<T> Drop for Put<T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            let putters = &self.queue.shared.putters;
            // The room that it was woken for goes to the next.
            if putters.leave(place) && !self.queue.full() {
                putters.wake_next();
            }
        }
    }
}

impl<T> fmt::Debug for Put<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").field("queue", &self.queue).field("waits", &self.place.is_some()).finish()
    }
}
