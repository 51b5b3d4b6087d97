//! Clean-up that may await: what [`finally!`](macro@crate::finally) expands to, and `with_cleanup`.
//!
//! A guarded body is a boundary: it ends with a value, with a panic, or by being dropped where it suspended under a
//! marked cell. Each is an [`Outcome`], which goes on in its own way once the clean-up is done.

use std::fmt;
use std::future::{Future, pending};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cancellation::{leave, take_mark};
use crate::event_loop::{ExceptionContext, current_inner, second_panic};
use crate::exceptions::{CancelledError, Panic, catch};

/// Runs `body` with `state`, and then `cleanup`, however the body ended: with a value, an error, a panic or a cancel.
///
/// The clean-up may await. Then the body's outcome goes on: its value is returned, its panic continues, a cancel goes
/// on leaving. A second cancel interrupts the clean-up. In the outermost block of a
/// [`#[coroutine]`](macro@crate::coroutine), [`finally!`](macro@crate::finally) reads better.
///
/// # Cancellation
///
/// The clean-up cannot run when the future itself is dropped instead of cancelled; that is reported through the
/// exception handler.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let mut log = Vec::new();
///     let value = asyncio::with_cleanup(
///         &mut log,
///         async |log| {
///             log.push("body");
///             7
///         },
///         async |log| {
///             asyncio::sleep(std::time::Duration::ZERO).await;
///             log.push("clean-up");
///         },
///     )
///     .await;
///     assert_eq!((value, log), (7, vec!["body", "clean-up"]));
/// })
/// # }
/// ```
#[track_caller]
pub fn with_cleanup<'s, S, R, B, C>(state: &'s mut S, body: B, cleanup: C) -> impl Future<Output = R>
where
    B: AsyncFnOnce(&mut S) -> R + 's,
    C: AsyncFnOnce(&mut S) + 's,
    R: 's,
{
    let location = Location::caller();
    async move {
        let outcome = guarded(location, body(state)).await;
        cleanup(state).await;
        outcome.resume().await
    }
}

/// Guards the body that stands before a clean-up at `location`.
pub fn guarded<F: Future>(location: &'static Location<'static>, body: F) -> Guarded<F> {
    Guarded { body: Some(body), watch: Watch { location, pending: false } }
}

pin_project! {
    /// What [`guarded`] returns.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Guarded<F> {
        #[pin]
        body: Option<F>,
        watch: Watch,
    }
}

/// How a guarded body ended.
#[must_use = "the outcome goes on by its resume()"]
pub enum Outcome<T> {
    /// With a value.
    Value(T),
    /// With a panic.
    Panic(Panic),
    /// By a cancel.
    Cancelled(CancelledError),
}

impl<F: Future> Future for Guarded<F> {
    type Output = Outcome<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        this.watch.pending = true;
        let body = this.body.as_mut().as_pin_mut().expect("a future is not polled after it has ended");
        let outcome = match catch(|| body.poll(cx)) {
            Ok(Poll::Ready(value)) => Outcome::Value(value),
            Ok(Poll::Pending) => match take_mark() {
                None => return Poll::Pending,
                Some(error) => Outcome::Cancelled(error),
            },
            Err(panic) => Outcome::Panic(panic),
        };
        this.watch.pending = false;
        Poll::Ready(outcome.once_dropped(catch(|| this.body.set(None))))
    }
}

impl<T> Outcome<T> {
    /// How it ended, destructors included. The first panic counts.
    pub(crate) fn once_dropped(self, dropped: Result<(), Panic>) -> Self {
        match (self, dropped) {
            (outcome, Ok(())) => outcome,
            (Self::Panic(first), Err(second)) => {
                second_panic(second);
                Self::Panic(first)
            }
            (_, Err(panic)) => Self::Panic(panic),
        }
    }

    /// Goes on as the body ended: returns, panics, or leaves.
    pub async fn resume(self) -> T {
        match self {
            Self::Value(value) => value,
            Self::Panic(panic) => panic.resume(),
            Self::Cancelled(error) => {
                leave(error);
                // The next boundary sees the mark in this very poll, and drops us.
                pending().await
            }
        }
    }
}

impl<T> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Value",
            Self::Panic(_) => "Panic",
            Self::Cancelled(_) => "Cancelled",
        })
    }
}

impl<F> fmt::Debug for Guarded<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

/// Sees a body that is dropped in the middle, by which its clean-up is lost.
struct Watch {
    location: &'static Location<'static>,
    pending: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.pending {
            lost(self.location);
        }
    }
}

#[cold]
fn lost(location: &'static Location<'static>) {
    let message = "a clean-up could not run: its future was dropped instead of cancelled";
    let report = ExceptionContext::new(message).source(location).code("ASY0016");
    match crate::task::current_loop().or_else(|| current_inner(|inner| inner.cloned())) {
        Some(inner) => inner.call_exception_handler(report),
        None => crate::log::failure(&report),
    }
}
