//! `gather`: several things at once, and all their results.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future as StdFuture, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::children::{Children, ValueOf};
use crate::cancellation::{Awaited, Relay, Target, is_marked, leave};
use crate::event_loop::{ExceptionContext, Inner, current_inner};
use crate::exceptions::{CancelledError, Error, Message, Result};
use crate::future::{Watch, Watched};
use crate::handle::LocalWaker;
use crate::task::{AnyTask, Task, TaskOptions, TaskOutput, ensure_on};
use crate::trace::{WaitsFor, address_of, waits_for};

/// Runs many things of one type at once, and gives all their results, in the order given. Python:
/// `asyncio.gather(*aws)`.
///
/// What is passed becomes a task at the call, unless it is one. The first error is returned at once: the others run
/// on, and what becomes of them is nobody's concern any more. [`Gather::return_exceptions`] waits for all of them
/// instead. A child that was cancelled counts as failed with `CancelledError`. For things of different types use
/// [`gather!`](macro@crate::gather); where one failure should end the others, a [`TaskGroup`](crate::TaskGroup).
///
/// # Errors
///
/// The first error of a child. A task of another event loop is a `RuntimeError`.
///
/// # Panics
///
/// If no loop runs on this thread.
///
/// # Cancellation
///
/// Cancels all children that are not done, and leaves when the first of them ended by it.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let squares = asyncio::gather((1..=3).map(|n| async move { Ok::<_, asyncio::Error>(n * n) })).await?;
///     assert_eq!(squares, [1, 4, 9]);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn gather<I>(awaitables: I) -> Gather<Vec<Task<ValueOf<I::Item>>>>
where
    I: IntoIterator<Item: IntoFuture<Output: TaskOutput, IntoFuture: 'static>>,
{
    let location = Location::caller();
    let children = awaitables.into_iter().map(|awaitable| child_at(awaitable, location)).collect();
    Gather::new(children, location)
}

/// A child of a gather: the task itself, or one that is made for it.
pub(crate) fn child_at<A>(awaitable: A, location: &'static Location<'static>) -> Task<ValueOf<A>>
where
    A: IntoFuture<Output: TaskOutput, IntoFuture: 'static>,
{
    current_inner(|inner| match inner {
        Some(inner) => ensure_on(inner, awaitable.into_future(), TaskOptions::default(), location),
        None => Err(Error::runtime_error("no event loop is running on this thread")),
    })
    .unwrap_or_else(|error| panic!("gather: {error}; call it inside asyncio::run(…)"))
}

/// What [`gather`] returns: awaiting it gives the results.
///
/// Dropping it leaves the children running.
#[must_use = "the children run, but nobody waits for them: write `.await`"]
pub struct Gather<C: Children + 'static> {
    shared: Rc<Shared<C>>,
    relay: Relay,
    waited: bool,
}

/// What [`Gather::return_exceptions`] returns: awaiting it gives each child's own [`Result`].
#[derive(Debug)]
#[must_use = "the children run, but nobody waits for them: write `.await`"]
pub struct GatherResults<C: Children + 'static> {
    gather: Gather<C>,
}

struct Shared<C> {
    /// Until the results are taken.
    children: RefCell<Option<C>>,
    left: Cell<usize>,
    /// Errors are results like others.
    all: Cell<bool>,
    /// The first error, and nobody has been given it.
    failed: RefCell<Option<Error>>,
    /// The outcome was given to whoever awaited it, or that has left: what fails from now on is nobody's concern.
    given: Cell<bool>,
    /// It was cancelled, while some child accepted that.
    cancelled: RefCell<Option<CancelledError>>,
    waker: Cell<Option<LocalWaker>>,
    inner: Rc<Inner>,
    location: &'static Location<'static>,
}

impl<C: Children + 'static> Gather<C> {
    pub(crate) fn new(children: C, location: &'static Location<'static>) -> Self {
        let inner = current_inner(|inner| inner.cloned());
        let shared = Rc::new(Shared {
            children: RefCell::new(None),
            left: Cell::new(0),
            all: Cell::new(false),
            failed: RefCell::new(None),
            given: Cell::new(false),
            cancelled: RefCell::new(None),
            waker: Cell::new(None),
            inner: inner.unwrap_or_else(|| panic!("gather: no event loop is running; call it inside asyncio::run(…)")),
            location,
        });
        let mut left = 0;
        children.each(&mut |_| left += 1);
        shared.left.set(left);
        children.each(&mut |child| shared.clone().begin(child));
        shared.children.replace(Some(children));
        Self { shared, relay: Relay::default(), waited: false }
    }

    /// Waits for all children, whatever becomes of each. Python: `gather(…, return_exceptions=True)`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let parse = |text: &'static str| async move { text.parse::<u8>().map_err(asyncio::Error::other) };
    ///     let parsed = asyncio::gather(["1", "x", "3"].map(parse)).return_exceptions().await;
    ///     assert_eq!(parsed.iter().filter(|result| result.is_ok()).count(), 2);
    /// })
    /// # }
    /// ```
    pub fn return_exceptions(self) -> GatherResults<C> {
        self.shared.all.set(true);
        GatherResults { gather: self }
    }

    /// Cancels all children that are not done. False if there is none, or the outcome stands already. Python:
    /// `Future.cancel()` of what `gather` returns.
    pub fn cancel(&self) -> bool {
        self.shared.clone().cancel(None)
    }

    /// Whether the outcome is there. Python: `Future.done()`.
    ///
    /// With [`return_exceptions`](Self::return_exceptions) it is there when all children are done.
    pub fn done(&self) -> bool {
        self.shared.is_done()
    }

    /// Ready once the outcome is there; takes part in cancels.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let shared = &self.shared;
        if !shared.is_done() {
            self.waited = true;
            shared.waker.set(Some(LocalWaker::new(cx)));
            self.relay.pending(Rc::as_ptr(shared).cast(), || Awaited::Future(shared.clone()));
            waits_for(WaitsFor::Several, address_of(&**shared));
            return Poll::Pending;
        }
        if self.waited && is_marked() {
            return Poll::Pending;
        }
        shared.given.set(true);
        if self.relay.done(|| shared.cancelled_error()) {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn take(&self) -> C {
        let children = self.shared.children.borrow_mut().take();
        children.expect("a future is not polled after it has ended")
    }
}

impl<C: Children + 'static> GatherResults<C> {
    /// As [`Gather::cancel`].
    pub fn cancel(&self) -> bool {
        self.gather.cancel()
    }
}

impl<C: Children + 'static> StdFuture for Gather<C> {
    type Output = Result<C::Values>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        std::task::ready!(self.poll_done(cx));
        let failed = self.shared.failed.borrow_mut().take();
        let children = self.take();
        Poll::Ready(match (failed, self.shared.cancelled.borrow_mut().take()) {
            (Some(error), _) => Err(error),
            (None, Some(error)) => Err(error.into()),
            (None, None) => children.into_values(),
        })
    }
}

impl<C: Children + 'static> StdFuture for GatherResults<C> {
    type Output = C::Results;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Results> {
        std::task::ready!(self.gather.poll_done(cx));
        if let Some(error) = self.gather.shared.cancelled.borrow_mut().take() {
            // Cancelled by hand: there is no list to give, so whoever waits leaves.
            leave(error);
            return Poll::Pending;
        }
        Poll::Ready(self.gather.take().into_results())
    }
}

// The children are never pinned here: they are tasks.
impl<C: Children> Unpin for Gather<C> {}
impl<C: Children> Unpin for GatherResults<C> {}

impl<C: Children + 'static> Shared<C> {
    fn begin(self: Rc<Self>, child: &AnyTask) {
        if child.done() {
            self.ended(child);
        } else {
            child.watch(self);
        }
    }

    fn is_done(&self) -> bool {
        self.given.get() || self.left.get() == 0 || (!self.all.get() && self.failed.borrow().is_some())
    }

    /// How it was cancelled, if that is the outcome.
    fn cancelled_error(&self) -> Option<CancelledError> {
        let cancelled = self.cancelled.borrow_mut().take()?;
        if self.all.get() {
            return Some(cancelled);
        }
        let failed = &mut *self.failed.borrow_mut();
        match failed.take() {
            None => Some(cancelled),
            Some(Error::CancelledError(error)) => Some(error),
            error => {
                *failed = error;
                None
            }
        }
    }
}

impl<C: Children + 'static> Watch for Shared<C> {
    fn ended(&self, child: &dyn Watched) {
        self.left.set(self.left.get() - 1);
        // Noted as seen in any case.
        let error = child.failure();
        if let Some(error) = error.filter(|_| !self.given.get()) {
            self.failed.borrow_mut().get_or_insert(error);
        }
        if self.is_done() {
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }
}

impl<C: Children + 'static> Target for Shared<C> {
    fn cancel(self: Rc<Self>, message: Option<Message>) -> bool {
        if self.is_done() {
            return false;
        }
        let mut pending = Vec::new();
        if let Some(children) = &*self.children.borrow() {
            children.each(&mut |child| pending.extend((!child.done()).then(|| child.clone())));
        }
        let accepted = pending.iter().filter(|child| child.request(message.clone())).count() > 0;
        if accepted {
            self.cancelled.replace(Some(CancelledError::from_message(message)));
        }
        accepted
    }
}

impl<C> Drop for Shared<C> {
    fn drop(&mut self) {
        match self.failed.take() {
            None | Some(Error::CancelledError(_)) => {}
            Some(_) if self.all.get() => {}
            Some(error) => {
                let report = ExceptionContext::new("exception of a gather() was never retrieved").exception(error);
                self.inner.call_exception_handler(report.source(self.location).code("ASY0004"));
            }
        }
    }
}

impl<C: Children> fmt::Debug for Gather<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Gather pending={} created at {}>", self.shared.left.get(), self.shared.location)
    }
}
