//! A body that starts children: it ends when all of them have ended, and a failure ends all.
//!
//! ```text
//!   body ──ends──▶ waiting for the children ──none is left──▶ value, errors, or leaves
//!     │                │
//!     └─ a child fails: the others are cancelled, and so is the body, by a request of our own that is taken back
//!                      └─ a cancel from outside: the children are cancelled, and when they have ended it leaves
//! ```
//!
//! The rules are those of Python's `TaskGroup`, for groups of tasks and for scopes alike.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::group::{Group, Stage};
use crate::cancellation::{current, is_marked, leave, take_mark};
use crate::event_loop::{ExceptionContext, current_inner, second_panic};
use crate::exceptions::{CancelledError, Error, ExceptionGroup, Panic, Result, catch};
use crate::handle::LocalWaker;
use crate::trace::{Branches, WaitsFor, address_of, keep};

/// Who polls the children.
pub(crate) trait Nursery {
    /// Polls those that are due, if they are polled by their parent.
    fn poll_children(&self);

    /// Whether one is due.
    fn is_due(&self) -> bool;

    /// The parent is gone: drops the children that it polls.
    fn abandon(&self);
}

pin_project! {
    /// A body, and the group of its children.
    pub(crate) struct Supervised<B, R, N: Nursery> {
        #[pin]
        body: Option<B>,
        watch: Supervision<R, N>,
    }
}

struct Supervision<R, N: Nursery> {
    group: Rc<Group>,
    nursery: N,
    what: &'static str,
    /// The requests that there were when it began.
    requests: Option<u32>,
    /// The body was asked to leave because a child failed.
    interrupted: bool,
    /// Somebody else wants the task to leave.
    leaving: Option<CancelledError>,
    outcome: Option<Result<R, Failure>>,
}

/// How a body fails.
enum Failure {
    Error(Error),
    Panic(Panic),
    /// It left.
    Cancelled,
}

impl<B, R, N> Supervised<B, R, N>
where
    B: Future<Output = Result<R>>,
    N: Nursery,
{
    /// `what` names the whole in the message of its errors.
    pub(crate) fn new(body: B, group: Rc<Group>, nursery: N, what: &'static str) -> Self {
        let watch =
            Supervision { group, nursery, what, requests: None, interrupted: false, leaving: None, outcome: None };
        Self { body: Some(body), watch }
    }
}

impl<B, R, N> Future for Supervised<B, R, N>
where
    B: Future<Output = Result<R>>,
    N: Nursery,
{
    type Output = Result<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R>> {
        let mut this = self.project();
        let watch = this.watch;
        watch.begin()?;
        let waited = watch.outcome.is_some();
        watch.group.wake_by(None);
        watch.interrupt();
        let mut traced = Branches::begin();
        watch.step(this.body.as_mut(), cx);
        watch.nursery.poll_children();
        if watch.outcome.is_none() && is_marked() {
            // A child cancelled the task that polls it: the body is to leave before whoever is around it does.
            drop(traced);
            traced = Branches::begin();
            watch.step(this.body, cx);
        }
        if watch.outcome.is_some() {
            // Also where the last child has ended since: a wait that was cancelled stays cancelled.
            if waited || watch.group.is_running() {
                watch.take_request();
            }
            if !watch.group.is_running() {
                return watch.finish();
            }
        }
        traced.suspended(WaitsFor::Children, address_of(&*watch.group));
        watch.group.wake_by(Some(LocalWaker::new(cx)));
        if watch.nursery.is_due() || watch.must_interrupt() {
            watch.group.wake();
        }
        Poll::Pending
    }
}

impl<R, N: Nursery> Supervision<R, N> {
    fn begin(&mut self) -> Result<()> {
        if self.requests.is_none() {
            let requests = current(|cell| cell.map(|cell| cell.met()));
            let Some(requests) = requests else {
                let text = format!("a {} cancels the task around it, and there is none here", self.what);
                return Err(Error::runtime_error(text));
            };
            self.requests = Some(requests);
        }
        Ok(())
    }

    fn must_interrupt(&self) -> bool {
        self.outcome.is_none() && !self.interrupted && self.group.stage() == Stage::Aborting
    }

    /// Asks the body to leave if a child has failed.
    fn interrupt(&mut self) {
        if self.must_interrupt() {
            self.interrupted = true;
            current(|cell| {
                if let Some(cell) = cell {
                    cell.request(None);
                }
            });
        }
    }

    /// Polls the body, unless it has ended.
    fn step<B>(&mut self, mut body: Pin<&mut Option<B>>, cx: &mut Context<'_>)
    where
        B: Future<Output = Result<R>>,
    {
        let Some(outcome) = body.as_mut().as_pin_mut().and_then(|body| self.poll_body(body, cx)) else { return };
        let dropped = catch(|| body.set(None));
        self.body_ended(match (outcome, dropped) {
            (outcome, Ok(())) => outcome,
            (Err(Failure::Panic(first)), Err(second)) => {
                second_panic(second);
                Err(Failure::Panic(first))
            }
            (_, Err(panic)) => Err(Failure::Panic(panic)),
        });
    }

    fn poll_body<B>(&mut self, body: Pin<&mut B>, cx: &mut Context<'_>) -> Option<Result<R, Failure>>
    where
        B: Future<Output = Result<R>>,
    {
        match catch(|| body.poll(cx)) {
            Ok(Poll::Ready(outcome)) => Some(outcome.map_err(Failure::Error)),
            Err(panic) => Some(Err(Failure::Panic(panic))),
            Ok(Poll::Pending) => {
                let Some(error) = take_mark() else {
                    keep();
                    return None;
                };
                self.leaving = Some(error);
                Some(Err(Failure::Cancelled))
            }
        }
    }

    /// Takes our own request back, and cancels the children if the body did not end well.
    fn body_ended(&mut self, outcome: Result<R, Failure>) {
        self.take_back();
        if outcome.is_err() {
            self.group.abort();
        }
        self.outcome = Some(outcome);
    }

    /// A cancel while it waits for the children is theirs as well.
    fn take_request(&mut self) {
        if let Some(error) = take_mark() {
            self.leaving.get_or_insert(error);
            self.group.abort();
        }
    }

    /// Takes our own request back, if there is one.
    fn take_back(&mut self) {
        if !std::mem::take(&mut self.interrupted) {
            return;
        }
        let initial = self.requests.unwrap_or_default();
        let ours_alone = current(|cell| cell.is_none_or(|cell| cell.uncancel() <= initial));
        if ours_alone {
            // The mark was for us: the body has left by it, or has ended without another await.
            self.leaving = None;
            drop(take_mark());
        }
    }

    fn finish(&mut self) -> Poll<Result<R>> {
        self.group.close();
        let mut errors = self.group.take_errors();
        let leaving = self.leaving.take();
        let value = match self.outcome.take().expect("a future is not polled after it has ended") {
            Ok(value) => Ok(value),
            Err(Failure::Panic(panic)) => {
                self.report(errors, "whose body panicked");
                panic.resume();
            }
            // An ordinary value: it awaited something that was cancelled.
            Err(Failure::Error(error)) if error.is_cancelled() => Err(error),
            Err(Failure::Error(error)) => {
                errors.push(error.clone());
                Err(error)
            }
            Err(Failure::Cancelled) => Err(Error::CancelledError(CancelledError::default())),
        };
        if errors.is_empty() {
            let Some(error) = leaving else { return Poll::Ready(value) };
            leave(error);
            return Poll::Pending;
        }
        // Errors come first; the task leaves at its next await.
        leaving.into_iter().for_each(leave);
        let message = format!("unhandled errors in a {}", self.what);
        Poll::Ready(Err(ExceptionGroup::new(message, errors).into()))
    }

    /// Nobody will be given these.
    fn report(&self, errors: Vec<Error>, why: &str) {
        if errors.is_empty() {
            return;
        }
        let Some(inner) = current_inner(|inner| inner.cloned()) else { return };
        for error in errors {
            let message = format!("an error in a {} {why}", self.what);
            inner.call_exception_handler(ExceptionContext::new(message).exception(error).code("ASY0004"));
        }
    }
}

impl<R, N: Nursery> Drop for Supervision<R, N> {
    fn drop(&mut self) {
        self.take_back();
        self.group.close();
        self.nursery.abandon();
        self.report(self.group.take_errors(), "that was dropped instead of awaited");
    }
}

impl<B, R, N: Nursery> fmt::Debug for Supervised<B, R, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervised").field("stage", &self.watch.group.stage()).finish_non_exhaustive()
    }
}
