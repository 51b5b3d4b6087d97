//! `Coroutine`: the body of an `async fn` that [`#[coroutine]`](macro@crate::coroutine) made, with its name and the
//! place of its call.
//!
//! Polling it is polling the body, and noting a frame of the await trace where that suspends. Dropped before its
//! first poll it was never awaited, which debug mode reports.

use std::cell::Cell;
use std::fmt;
use std::future::Future as StdFuture;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::event_loop::current_inner;
use crate::trace::{self, Frame};

pin_project! {
    /// A call of a coroutine function. Python: a coroutine object.
    ///
    /// Nothing runs until it is awaited or becomes a task.
    ///
    /// # Examples
    ///
    /// ```
    /// #[asyncio::coroutine]
    /// async fn answer() -> u8 {
    ///     42
    /// }
    ///
    /// let coroutine = answer();
    /// assert_eq!(coroutine.name(), "answer");
    /// # fn main() {}
    /// ```
    #[must_use = "a coroutine does nothing until it is awaited: write `.await`, or start it with asyncio::create_task(…)"]
    pub struct Coroutine<F> {
        #[pin]
        body: F,
        call: Call,
    }
}

/// What is known of the call. Dropped with the coroutine, it sees whether that ever ran.
struct Call {
    frame: Frame,
    started: bool,
}

impl<F: StdFuture> Coroutine<F> {
    pub(crate) fn new(name: &'static &'static str, location: &'static Location<'static>, body: F) -> Self {
        Self { body, call: Call { frame: Frame { name, location }, started: false } }
    }
}

impl<F> Coroutine<F> {
    /// The name of the function.
    pub fn name(&self) -> &'static str {
        self.call.frame.name
    }

    /// Where it was called.
    pub fn location(&self) -> &'static Location<'static> {
        self.call.frame.location
    }
}

impl<F: StdFuture> StdFuture for Coroutine<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.call.started = true;
        trace::coroutine(this.call.frame, || this.body.poll(cx), Poll::is_pending)
    }
}

impl<F> fmt::Debug for Coroutine<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<coroutine {} called at {}>", self.call.frame.name, self.call.frame.location)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.started {
            never_awaited(self.frame);
        }
    }
}

thread_local! {
    static ON_PURPOSE: Cell<bool> = const { Cell::new(false) };
}

/// Drops something that was kept from beginning on purpose, which nobody has forgotten to await.
pub(crate) fn on_purpose<R>(drop: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            ON_PURPOSE.set(self.0);
        }
    }
    let _restore = Restore(ON_PURPOSE.replace(true));
    drop()
}

#[cold]
fn never_awaited(Frame { name, location }: Frame) {
    if std::thread::panicking() || ON_PURPOSE.get() {
        return;
    }
    let debug = current_inner(|inner| inner.is_some_and(|inner| inner.get_debug()));
    if debug {
        crate::log::warning(format_args!(
            "ASY0007: coroutine {name} was never awaited (called at {location}); write `.await`, or start it as a task"
        ));
    }
}

/// Whether something is a coroutine object. Python: `asyncio.iscoroutine()`.
///
/// A type either is one or is not, so this is a bound; the function exists to read the same.
pub fn iscoroutine<F>(_coroutine: &Coroutine<F>) -> bool {
    true
}
