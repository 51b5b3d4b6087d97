//! A list of branches of different types, and what can be done with all of them.
//!
//! Branches stand in pairs, `(a, (b, (c, ())))`, so that there may be any number; the value of the one that won is
//! found in the same way, one [`Selected`] a place.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use pin_project_lite::pin_project;

use super::branch::{Branch, Reason};
use crate::event_loop::second_panic;
use crate::wait::Outcome;

/// The value of one of several branches.
#[derive(Debug)]
pub enum Selected<T, R> {
    /// That of the first.
    This(T),
    /// That of one that follows.
    Later(R),
}

/// Several branches.
#[expect(unnameable_types, reason = "the bound of what `select!` makes")]
pub trait Branches {
    /// The value of the one that wins.
    type Output;

    /// Polls them in order until one has ended; true if one has.
    #[doc(hidden)]
    fn race(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool;

    /// Cancels those that have not ended; without `all` not those that are kept.
    #[doc(hidden)]
    fn cancel(self: Pin<&mut Self>, reason: &Reason, all: bool);

    /// Polls those that were cancelled; true once all of them have ended.
    #[doc(hidden)]
    fn settle(self: Pin<&mut Self>, cx: &mut Context<'_>, all: bool) -> bool;

    /// Whether one of them has a value that is its answer to a cancel.
    #[doc(hidden)]
    fn has_caught(&self) -> bool;

    /// How they ended: a panic counts most, then a value, and of each kind the first. Further panics are reported.
    #[doc(hidden)]
    fn take(self: Pin<&mut Self>) -> Option<Outcome<Self::Output>>;
}

/// The end of the list.
#[derive(Debug)]
pub struct Last;

impl Branches for Last {
    type Output = Infallible;

    fn race(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> bool {
        false
    }

    fn cancel(self: Pin<&mut Self>, _reason: &Reason, _all: bool) {}

    fn settle(self: Pin<&mut Self>, _cx: &mut Context<'_>, _all: bool) -> bool {
        true
    }

    fn has_caught(&self) -> bool {
        false
    }

    fn take(self: Pin<&mut Self>) -> Option<Outcome<Infallible>> {
        None
    }
}

pin_project! {
    /// A branch, and those that follow it.
    pub struct Pair<F: Future, R> {
        #[pin]
        branch: Branch<F>,
        #[pin]
        rest: R,
    }
}

impl<F: Future, R> Pair<F, R> {
    pub(super) fn new(branch: Branch<F>, rest: R) -> Self {
        Self { branch, rest }
    }
}

impl<F: Future, R: Branches> Branches for Pair<F, R> {
    type Output = Selected<F::Output, R::Output>;

    fn race(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let this = self.project();
        this.branch.poll(cx) || this.rest.race(cx)
    }

    fn cancel(self: Pin<&mut Self>, reason: &Reason, all: bool) {
        let this = self.project();
        if all || !this.branch.is_kept() {
            this.branch.cancel(reason);
        }
        this.rest.cancel(reason, all);
    }

    fn settle(self: Pin<&mut Self>, cx: &mut Context<'_>, all: bool) -> bool {
        let mut this = self.project();
        let ended = this.branch.has_ended() || (!all && this.branch.is_kept()) || this.branch.as_mut().poll(cx);
        // All of them are polled, so that their clean-ups run beside each other.
        this.rest.settle(cx, all) && ended
    }

    fn has_caught(&self) -> bool {
        self.branch.has_caught() || self.rest.has_caught()
    }

    fn take(self: Pin<&mut Self>) -> Option<Outcome<Self::Output>> {
        let this = self.project();
        let later = this.rest.take();
        Some(match (this.branch.take(), later) {
            (Some(Outcome::Panic(first)), Some(Outcome::Panic(second))) => {
                second_panic(second);
                Outcome::Panic(first)
            }
            (Some(Outcome::Panic(panic)), _) | (_, Some(Outcome::Panic(panic))) => Outcome::Panic(panic),
            (Some(Outcome::Value(value)), _) => Outcome::Value(Selected::This(value)),
            (_, Some(Outcome::Value(value))) => Outcome::Value(Selected::Later(value)),
            (Some(Outcome::Cancelled(error)), _) | (_, Some(Outcome::Cancelled(error))) => Outcome::Cancelled(error),
            (None, None) => return None,
        })
    }
}
