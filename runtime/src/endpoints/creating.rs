//! What awaiting `create_server` and `create_connection` awaits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::exceptions::Result;
pub(super) use crate::net::check_running;

/// A server or connection that is being made.
///
/// # Cancellation
///
/// What was opened on the way is closed.
#[must_use = "nothing is made until this is awaited: write `.await`"]
pub struct Creating<T> {
    work: Pin<Box<dyn Future<Output = Result<T>>>>,
}

impl<T> Creating<T> {
    pub(crate) fn new(work: impl Future<Output = Result<T>> + 'static) -> Self {
        Self { work: Box::pin(work) }
    }
}

impl<T> Future for Creating<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        self.work.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Creating<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Creating").finish_non_exhaustive()
    }
}
