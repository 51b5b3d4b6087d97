//! `catch_cancelled`: where a cancel becomes a value.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cancellation::take_mark;
use crate::exceptions::CancelledError;

/// Runs a future and turns a cancel that reaches it into a value. Python: `except CancelledError`.
///
/// On a cancel the future is dropped, destructors from the inside out, and the request stops here: the task goes on.
/// Call [`uncancel`](crate::AnyTask::uncancel) on the current task if the request is to be forgotten, as in Python;
/// or cancel the task again to go on leaving.
///
/// # Errors
///
/// `CancelledError`, with the message of the request.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let task = asyncio::create_task(async {
///         let hour = asyncio::sleep(std::time::Duration::from_secs(3600));
///         let caught = asyncio::catch_cancelled(hour).await.unwrap_err();
///         Ok::<_, asyncio::Error>(caught.message().map(str::to_owned))
///     });
///     asyncio::sleep(std::time::Duration::ZERO).await;
///     task.cancel_with("closing time");
///     assert_eq!(task.await?.as_deref(), Some("closing time"));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub fn catch_cancelled<F: IntoFuture>(future: F) -> CatchCancelled<F::IntoFuture> {
    CatchCancelled { future: Some(future.into_future()) }
}

pin_project! {
    /// What [`catch_cancelled`] returns.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct CatchCancelled<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for CatchCancelled<F> {
    type Output = Result<F::Output, CancelledError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("a future is not polled after it has ended");
        if let Poll::Ready(output) = future.poll(cx) {
            this.future.set(None);
            return Poll::Ready(Ok(output));
        }
        match take_mark() {
            None => Poll::Pending,
            Some(error) => {
                this.future.set(None);
                Poll::Ready(Err(error))
            }
        }
    }
}
