//! One of several futures that one task polls, each cancelled apart from the others.
//!
//! A branch has a cancel cell of its own, which stands before the task's while the branch is polled. So it can be told
//! to leave while the others go on, its clean-up is awaited, and it is a boundary: it ends by a value, by a panic, or
//! by being dropped where it suspended under its mark.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cancellation::{CancelCell, current, with_cell};
use crate::coroutine::on_purpose;
use crate::exceptions::{Message, catch};
use crate::trace::{forget, keep};
use crate::wait::Outcome;

pin_project! {
    /// A future with its own cancel cell.
    pub struct Branch<F: Future> {
        #[pin]
        future: Option<F>,
        ended: Option<Outcome<F::Output>>,
        cell: CancelCell,
        started: bool,
        kept: bool,
        asked: bool,
        caught: bool,
    }

    impl<F: Future> PinnedDrop for Branch<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // Under its own cell: a deadline in it takes its request back where it made it.
            if *this.started && this.future.is_some() {
                with_cell(this.cell, || this.future.set(None));
            }
        }
    }
}

/// Why a branch shall leave.
#[derive(Debug)]
#[expect(unnameable_types, reason = "an argument of the trait of what `select!` makes")]
pub enum Reason {
    /// The task was cancelled.
    Cancelled(Option<Message>),
    /// Another branch has won.
    Lost,
}

impl<F: Future> Branch<F> {
    pub(super) fn new(future: F, kept: bool) -> Self {
        Self {
            future: Some(future),
            ended: None,
            cell: CancelCell::default(),
            started: false,
            kept,
            asked: false,
            caught: false,
        }
    }

    /// Asks it to leave, by its next poll: for this, or because another one has won.
    pub(super) fn cancel(self: Pin<&mut Self>, reason: &Reason) {
        let mut this = self.project();
        if !*this.started {
            // It has nothing to clean up after, and nobody has forgotten it.
            on_purpose(|| this.future.set(None));
        } else if this.future.is_some() {
            *this.asked = true;
            match reason {
                Reason::Cancelled(message) => this.cell.request_or_relay(message.clone()),
                Reason::Lost => this.cell.lose(),
            }
        }
    }

    /// Polls it; true once it has ended.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return true };
        let cell = &*this.cell;
        if !std::mem::replace(this.started, true) {
            cell.inherit(current(|around| around.map_or(0, CancelCell::met)));
        }
        let ended = match with_cell(cell, || catch(|| future.poll(cx))) {
            Ok(Poll::Ready(value)) => {
                // It was asked to leave, met that, and gives a value all the same.
                *this.caught = *this.asked && !cell.is_marked();
                Outcome::Value(value)
            }
            Ok(Poll::Pending) => match cell.take_mark() {
                Some(error) => Outcome::Cancelled(error),
                None => {
                    if cell.is_unanswered() {
                        cx.waker().wake_by_ref();
                    }
                    keep();
                    return false;
                }
            },
            Err(panic) => Outcome::Panic(panic),
        };
        forget();
        let dropped = with_cell(cell, || catch(|| this.future.set(None)));
        *this.ended = Some(ended.once_dropped(dropped));
        true
    }

    pub(super) fn has_ended(&self) -> bool {
        self.future.is_none()
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    /// Whether its value is its answer to a cancel.
    pub(super) fn has_caught(&self) -> bool {
        self.caught
    }

    /// How it ended, once.
    pub(super) fn take(self: Pin<&mut Self>) -> Option<Outcome<F::Output>> {
        self.project().ended.take()
    }
}
