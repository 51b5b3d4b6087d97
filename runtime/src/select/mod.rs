//! `select!`: the first of several futures, without losing what the others hold.
//!
//! ```text
//!   racing ──one ended──▶ settling: the losers are cancelled and polled to their end ──▶ the winner's value
//!      └──a cancel from outside──▶ all are cancelled and polled to their end ──▶ leaves
//! ```

mod branch;
mod branches;

pub use branches::{Last, Selected};

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use branch::{Branch, Reason};
use branches::{Branches, Pair};

use crate::cancellation::{is_marked, leave, take_mark};
use crate::exceptions::CancelledError;
use crate::handle::LocalWaker;
use crate::trace::{Branches as Traced, WaitsFor};
use crate::wait::Outcome;

pin_project! {
    /// Several branches, of which the first to end wins; what `select!` awaits.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Select<B> {
        #[pin]
        branches: B,
        progress: Progress,
    }
}

#[derive(Debug, Default)]
struct Progress {
    begun: bool,
    /// One has ended, so the others are leaving.
    decided: bool,
    /// Somebody wants the task to leave.
    leaving: Option<CancelledError>,
    /// That came before the decision, so the branches that are kept leave too.
    all: bool,
    /// A request that came in the midst of a poll, for the next one.
    again: Option<CancelledError>,
}

/// A branch that is cancelled if another one wins.
pub fn branch<F: IntoFuture, R>(future: F, rest: R) -> Pair<F::IntoFuture, R> {
    Pair::new(Branch::new(future.into_future(), false), rest)
}

/// A branch that survives if another one wins: what is passed is lent, so it can be awaited again.
pub fn kept<F: Future + Unpin, R>(future: &mut F, rest: R) -> Pair<&mut F, R> {
    Pair::new(Branch::new(future, true), rest)
}

/// Awaits the first of these.
pub fn select<B: Branches>(branches: B) -> Select<B> {
    Select { branches, progress: Progress::default() }
}

impl<B: Branches> Future for Select<B> {
    type Output = B::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        let mut this = self.project();
        let mut traced = Traced::begin();
        let mut ended = this.progress.advance(this.branches.as_mut(), cx);
        if is_marked() {
            drop(traced);
            traced = Traced::begin();
            // It was cancelled from inside of a branch, or before the first poll, where what is ready comes first.
            ended = this.progress.advance(this.branches.as_mut(), cx);
            if let Some(error) = take_mark() {
                // And once more from a clean-up: the others are to have their turn, and nobody around us the mark.
                this.progress.again = Some(error);
                LocalWaker::wake_context(cx);
                return Poll::Pending;
            }
        }
        if !ended {
            traced.suspended(WaitsFor::Select, 0);
            return Poll::Pending;
        }
        // A cancel that went to all branches, and that one of them has caught, is caught.
        let caught = this.progress.all && this.branches.as_ref().get_ref().has_caught();
        let outcome = this.branches.take();
        let leaving = this.progress.leaving.take().filter(|_| !caught);
        match outcome {
            Some(Outcome::Panic(panic)) => panic.resume(),
            // With a cancel from outside the task leaves at its next await: what the winner gave is not lost by it.
            Some(Outcome::Value(value)) => {
                leaving.into_iter().for_each(leave);
                Poll::Ready(value)
            }
            Some(Outcome::Cancelled(error)) => {
                leave(leaving.unwrap_or(error));
                Poll::Pending
            }
            None => {
                leave(leaving.unwrap_or_default());
                Poll::Pending
            }
        }
    }
}

impl Progress {
    /// Polls what is due. True: the winner has ended, and all that had to leave.
    fn advance<B: Branches>(&mut self, mut branches: Pin<&mut B>, cx: &mut Context<'_>) -> bool {
        if self.begun {
            // A cancel from outside is one of every branch.
            if let Some(error) = take_mark().or(self.again.take()) {
                self.all |= !self.decided;
                branches.as_mut().cancel(&Reason::Cancelled(error.clone().into_message()), self.all);
                self.leaving = Some(error);
            }
        }
        self.begun = true;
        if !self.decided && self.leaving.is_none() {
            self.decided = branches.as_mut().race(cx);
            if !self.decided {
                return false;
            }
            branches.as_mut().cancel(&Reason::Lost, false);
        }
        branches.settle(cx, self.all)
    }
}

impl<B> fmt::Debug for Select<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("progress", &self.progress).finish_non_exhaustive()
    }
}
