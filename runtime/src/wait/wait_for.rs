//! `wait_for`: a deadline on one thing.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use crate::exceptions::Result;
use crate::task::TaskOutput;
use crate::timeouts::{Timeout, timeout};

/// Waits for something, at most for `delay`; `None` waits for ever. Python: `asyncio.wait_for()`.
///
/// At the deadline what is awaited is cancelled, and the call returns once that has really ended, clean-up included.
/// If it ends with a value all the same, that is returned. A delay of zero returns what is there already and cancels
/// everything else at once; unlike in Python a coroutine then runs to its first await.
///
/// # Errors
///
/// `TimeoutError` at the deadline; what it failed with before.
///
/// # Cancellation
///
/// Cancels what is awaited.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let hour = asyncio::sleep(Duration::from_secs(3600));
///     let error = asyncio::wait_for(hour, Duration::from_millis(1)).await.unwrap_err();
///     assert!(error.is_timeout());
/// })
/// # }
/// ```
pub fn wait_for<A>(
    awaitable: A,
    delay: impl Into<Option<Duration>>,
) -> impl Future<Output = Result<<A::Output as TaskOutput>::Value>>
where
    A: IntoFuture<Output: TaskOutput>,
{
    match delay.into() {
        Some(Duration::ZERO) => Timeout::passed().run(awaitable),
        delay => timeout(delay, awaitable),
    }
}
