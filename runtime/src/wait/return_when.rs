//! `wait`: until some of many things are done. It hands all of them back, and cancels none.

use std::cell::Cell;
use std::fmt;
use std::future::Future as StdFuture;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::sleep::{Sleep, sleep};
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::future::{CallbackId, FutureLike, Watch, Watched};
use crate::handle::LocalWaker;
use crate::trace::{WaitsFor, address_of, waits_for};

/// When [`wait`] returns. Python: `FIRST_COMPLETED`, `FIRST_EXCEPTION`, `ALL_COMPLETED`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReturnWhen {
    /// As soon as one is done, however it ended.
    #[doc(alias = "FIRST_COMPLETED")]
    FirstCompleted,
    /// As soon as one has failed, or when all are done. A cancel is no failure.
    #[doc(alias = "FIRST_EXCEPTION")]
    FirstException,
    /// When all are done.
    #[doc(alias = "ALL_COMPLETED")]
    #[default]
    AllCompleted,
}

/// Waits until some of these tasks and futures are done, and says which. Python: `asyncio.wait()`.
///
/// Takes them by value or by reference, and gives them back as two lists, those that are done and those that are not,
/// each in the order given. When it returns is said by [`Wait::return_when`], how long it waits by [`Wait::timeout`].
/// It cancels nothing, and a deadline that has passed is no error. A coroutine is not accepted: make it a task first.
///
/// # Errors
///
/// `ValueError` if there is nothing to wait for; `RuntimeError` if it must wait for something of another loop.
///
/// # Cancellation
///
/// What it waits for goes on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let quick = asyncio::create_task(async { Ok::<_, asyncio::Error>("quick") });
///     let slow = asyncio::create_task(async {
///         asyncio::sleep(Duration::from_secs(3600)).await;
///         Ok::<_, asyncio::Error>("slow")
///     });
///     let (done, pending) = asyncio::wait([&quick, &slow]).return_when(asyncio::ReturnWhen::FirstCompleted).await?;
///     assert_eq!((done.len(), pending.len()), (1, 1));
///     pending[0].cancel();
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub fn wait<I: IntoIterator<Item: FutureLike>>(awaited: I) -> Wait<I::Item> {
    Wait {
        awaited: Some(awaited.into_iter().collect()),
        return_when: ReturnWhen::default(),
        timeout: None,
        watch: None,
        watched: Vec::new(),
        unwatch,
    }
}

/// What [`wait`] returns.
#[must_use = "nothing is waited for until this is awaited: write `.await`"]
pub struct Wait<W> {
    awaited: Option<Vec<W>>,
    return_when: ReturnWhen,
    timeout: Option<Sleep>,
    /// Set while it waits.
    watch: Option<Rc<Count>>,
    watched: Vec<(usize, CallbackId)>,
    /// Takes the watchers back. Kept, for a destructor cannot ask for a trait.
    unwatch: fn(&[W], &mut Vec<(usize, CallbackId)>),
}

/// Counts ends, and wakes when there were enough.
struct Count {
    return_when: ReturnWhen,
    left: Cell<usize>,
    enough: Cell<bool>,
    waker: Cell<Option<LocalWaker>>,
}

impl<W: FutureLike> Wait<W> {
    /// Returns after this time at the latest; `None` waits for ever. It counts from the first poll.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into().map(sleep);
        self
    }

    /// When to return.
    pub fn return_when(mut self, return_when: ReturnWhen) -> Self {
        self.return_when = return_when;
        self
    }

    /// Looks at all of them, and watches those that are not done.
    fn begin(&mut self) -> Result<()> {
        let awaited = self.awaited.as_ref().expect("a future is not polled after it has ended");
        if awaited.is_empty() {
            return Err(Error::value_error("wait() was given nothing to wait for"));
        }
        let count = Rc::new(Count {
            return_when: self.return_when,
            left: Cell::new(awaited.len()),
            enough: Cell::new(false),
            waker: Cell::new(None),
        });
        for one in awaited.iter().filter(|one| one.done()) {
            count.ended_as(failed(one));
        }
        if !count.enough.get() {
            awaited.iter().filter(|one| !one.done()).try_for_each(|one| one.check_loop())?;
            for (index, one) in awaited.iter().enumerate().filter(|(_, one)| !one.done()) {
                self.watched.push((index, one.watch(count.clone())));
            }
        }
        self.watch = Some(count);
        Ok(())
    }
}

fn unwatch<W: FutureLike>(awaited: &[W], watched: &mut Vec<(usize, CallbackId)>) {
    for (index, id) in watched.drain(..) {
        if let Some(one) = awaited.get(index).filter(|one| !one.done()) {
            one.unwatch(id);
        }
    }
}

/// Whether something that is done has failed.
fn failed(one: &impl FutureLike) -> bool {
    !one.cancelled() && one.has_failed()
}

impl Count {
    fn ended_as(&self, failed: bool) {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        let enough = match self.return_when {
            ReturnWhen::FirstCompleted => true,
            ReturnWhen::FirstException => failed || left == 0,
            ReturnWhen::AllCompleted => left == 0,
        };
        if enough && !self.enough.replace(true) {
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Watch for Count {
    fn ended(&self, subject: &dyn Watched) {
        self.ended_as(subject.has_failed());
    }
}

impl<W> Unpin for Wait<W> {}

impl<W: FutureLike> StdFuture for Wait<W> {
    type Output = Result<(Vec<W>, Vec<W>)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let first = this.watch.is_none();
        if first {
            this.begin()?;
        }
        let count = this.watch.as_ref().expect("set above");
        let leaving = !first && is_marked();
        let over =
            !count.enough.get() && this.timeout.as_mut().is_some_and(|timeout| Pin::new(timeout).poll(cx).is_ready());
        if leaving || !(count.enough.get() || over) {
            count.waker.set(Some(LocalWaker::new(cx)));
            waits_for(WaitsFor::Several, address_of(&**count));
            return Poll::Pending;
        }
        let awaited = this.awaited.take().expect("a future is not polled after it has ended");
        unwatch(&awaited, &mut this.watched);
        Poll::Ready(Ok(awaited.into_iter().partition(|one| one.done())))
    }
}

impl<W> Drop for Wait<W> {
    fn drop(&mut self) {
        if let Some(awaited) = &self.awaited {
            (self.unwatch)(awaited, &mut self.watched);
        }
    }
}

impl<W> fmt::Debug for Wait<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("return_when", &self.return_when).finish_non_exhaustive()
    }
}
