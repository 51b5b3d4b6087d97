//! Looking into the running loop: until everything has happened that can happen by itself, and by which seed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::cancellation::is_marked;
use crate::event_loop::{Inner, current_inner};
use crate::handle::LocalWaker;

/// Waits until nothing is ready but the caller: no task, no callback, no descriptor, no call from another thread.
///
/// Then all other tasks wait for time, for something outside, or for the caller. Timers that are not due do not count,
/// and on a virtual clock no time passes. What another thread or process is about to do cannot be known.
///
/// # Panics
///
/// If no loop runs on this thread.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let task = asyncio::create_task(async {
///         for _ in 0..5 {
///             asyncio::sleep(std::time::Duration::ZERO).await;
///         }
///     });
///     asyncio::testing::until_idle().await;
///     assert!(task.done());
/// })
/// # }
/// ```
pub fn until_idle() -> UntilIdle {
    UntilIdle { counted: None }
}

/// The seed of the running loop, if it has one: for what else in a test is to be random, and the same when it runs again.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// let event_loop = asyncio::EventLoop::builder().seed(7).build()?;
/// event_loop.run_until_complete(async { assert_eq!(asyncio::testing::seed(), Some(7)) })?;
/// assert_eq!(asyncio::testing::seed(), None);
/// event_loop.close()
/// # }
/// ```
pub fn seed() -> Option<u64> {
    current_inner(|inner| inner.and_then(|inner| inner.seed()))
}

/// What [`until_idle`] returns.
#[must_use = "futures do nothing unless they are awaited"]
pub struct UntilIdle {
    /// The loop that counts it, once it waits.
    counted: Option<Rc<Inner>>,
}

impl Future for UntilIdle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(inner) = &self.counted {
            if inner.is_idle() && !is_marked() {
                self.finish();
                return Poll::Ready(());
            }
        } else {
            let inner = current_inner(|inner| inner.cloned());
            let inner = inner.expect("until_idle() needs a running event loop; call it inside asyncio::run(…)");
            inner.count_idlers(1);
            self.counted = Some(inner);
        }
        if let Some(inner) = &self.counted {
            // The kernel is asked before the next batch, so that what it knows is part of that.
            inner.ask_at_once();
        }
        LocalWaker::wake_context(cx);
        Poll::Pending
    }
}

impl UntilIdle {
    fn finish(&mut self) {
        if let Some(inner) = self.counted.take() {
            inner.count_idlers(-1);
        }
    }
}

impl Drop for UntilIdle {
    fn drop(&mut self) {
        self.finish();
    }
}

impl fmt::Debug for UntilIdle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UntilIdle")
    }
}
