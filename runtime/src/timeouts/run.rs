//! What is awaited under a deadline.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Timeout;
use crate::cancellation::{leave, take_mark};
use crate::coroutine::on_purpose;
use crate::exceptions::{Place, Result, TimeoutError};
use crate::task::TaskOutput;
use crate::trace::{Trail, forget};

pin_project! {
    /// What [`timeout`], [`timeout_at`] and [`Timeout::run`] return.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct WithTimeout<F> {
        #[pin]
        body: Option<F>,
        timeout: Guard,
    }
}

impl<F> WithTimeout<F> {
    pub(super) fn new(timeout: Timeout, body: F) -> Self {
        Self { body: Some(body), timeout: Guard { timeout, entered: false, left: false, trail: None } }
    }
}

/// Ends the timeout if its future is dropped.
struct Guard {
    timeout: Timeout,
    entered: bool,
    /// It left because somebody else wanted that.
    left: bool,
    /// What waited at the deadline.
    trail: Option<Box<Trail>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.entered {
            self.timeout.end(false);
        }
    }
}

impl<F: Future<Output: TaskOutput>> Future for WithTimeout<F> {
    type Output = Result<<F::Output as TaskOutput>::Value>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let guard = this.timeout;
        if !guard.entered {
            if let Err(error) = guard.timeout.begin() {
                on_purpose(|| this.body.set(None));
                return Poll::Ready(Err(error));
            }
            guard.entered = true;
        }
        if let Some(trail) = guard.timeout.expire() {
            guard.trail = Some(Box::new(trail));
        }
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            assert!(guard.left, "a future is not polled after it has ended");
            // A branch that was kept: whoever polls it again is about to leave as well.
            return Poll::Pending;
        };
        #[cfg(feature = "process-pool")]
        let polled = super::nearest::within(guard.timeout.when(), || body.poll(cx));
        #[cfg(not(feature = "process-pool"))]
        let polled = body.poll(cx);
        if let Poll::Ready(output) = polled {
            this.body.set(None);
            guard.timeout.end(false);
            return Poll::Ready(output.into_result());
        }
        match take_mark() {
            None => {
                guard.timeout.arm(cx)?;
                Poll::Pending
            }
            Some(error) => {
                if guard.timeout.expired() && guard.trail.is_none() {
                    // It was over before it began.
                    guard.trail = Some(Box::new(Trail::of_what_suspended()));
                }
                forget();
                this.body.set(None);
                if guard.timeout.end(true) {
                    let at = guard.trail.take().filter(|trail| !trail.is_empty());
                    return Poll::Ready(Err(TimeoutError::expired(at.map(|at| at as Box<dyn Place>), error).into()));
                }
                // Somebody else wants us to leave.
                guard.left = true;
                leave(error);
                Poll::Pending
            }
        }
    }
}

impl<F> fmt::Debug for WithTimeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timeout.timeout.fmt(f)
    }
}
