//! Streams, tasks and timers as hyper has them, so that it runs on this loop with no other runtime.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_io::AsyncWrite;
use hyper::rt::{Executor, Read, ReadBufCursor, Sleep, Timer, Write};

use super::pair::StreamPair;
use crate::event_loop::{EventLoop, LoopHandle, get_running_loop};
use crate::future::{Key, park};

impl Read for StreamPair {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut target: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = target.remaining();
        self.reader_pin().poll_put(context, room, |data| target.put_slice(data)).map_err(io::Error::from)
    }
}

impl Write for StreamPair {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(self.writer_pin(), context, data)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(self.writer_pin(), context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_close(self.writer_pin(), context)
    }
}

/// Each future becomes a task of the loop, which nobody awaits.
impl<F> Executor<F> for EventLoop
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        let task = self.create_task(async move {
            future.await;
        });
        // A closed loop has dropped the future, and hyper cannot be told.
        drop(task);
    }
}

/// The timers of the running loop, for hyper's builders.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// use hyper::rt::Timer;
///
/// // A connection of hyper's takes it: `http1::Builder::new().timer(HyperTimer)`.
/// asyncio::run(async {
///     asyncio::HyperTimer.sleep(std::time::Duration::from_millis(1)).await;
/// })
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperTimer;

impl Timer for HyperTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(SendSleep { deadline, state: Arc::default(), timer: None })
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, new_deadline: Instant) {
        *sleep = self.sleep_until(new_deadline);
    }
}

/// A sleep that might be moved to another thread, which hyper asks for. Its timer begins with the first poll.
struct SendSleep {
    deadline: Instant,
    state: Arc<Mutex<State>>,
    /// What takes the timer back; it stays with its loop.
    timer: Option<(Key, LoopHandle)>,
}

#[derive(Default)]
struct State {
    over: bool,
    waker: Option<Waker>,
}

impl Sleep for SendSleep {}

impl Future for SendSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        drop(state);
        if self.timer.is_none() {
            self.timer = Some(self.start());
        }
        Poll::Pending
    }
}

impl SendSleep {
    fn start(&self) -> (Key, LoopHandle) {
        let event_loop = get_running_loop().expect("hyper is polled by a task of the loop");
        let state = self.state.clone();
        let delay = self.deadline.saturating_duration_since(Instant::now());
        let timer = event_loop.call_later(delay, move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.over = true;
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        let timer = timer.expect("a loop that runs is not closed");
        (park(event_loop.inner(), move || timer.cancel()), event_loop.handle())
    }
}

impl Drop for SendSleep {
    fn drop(&mut self) {
        if let Some((key, event_loop)) = self.timer.take() {
            // On whatever thread this is, the timer is on the loop's.
            key.call_on(&event_loop);
        }
    }
}
