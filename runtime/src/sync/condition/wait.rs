//! One wait at a condition: from giving the lock away to having it again.
//!
//! ```text
//!         gives the lock away           notified, or a cancel came
//!   New ──────────────────────▶ Waiting ──────────────────────────▶ Taking ── has the lock ──▶ Done
//!                                                                     ↻ further cancels
//! ```
//!
//! A wait never ends without the lock. So it is a boundary of its own: it takes the mark of a cancel, gets the lock
//! back, and goes on leaving then. A notification that its receiver could not use goes to another waiter.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{Condition, not_held};
use crate::cancellation::{is_marked, leave, take_mark};
use crate::exceptions::{CancelledError, Result};
use crate::sync::acquire::{Acquire, Ticket};
use crate::sync::lock::Lock;
use crate::sync::wait_queue::Place;
use crate::trace::{WaitsFor, address_of, waits_for};

/// What [`Condition::wait`] returns.
#[derive(Debug)]
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct ConditionWait {
    condition: Condition,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    New,
    /// The lock was given away by the holder `ticket`.
    Waiting {
        place: Place,
        ticket: Ticket,
    },
    Taking(Taking),
    /// It has ended, or is leaving.
    Done,
}

/// The lock is being taken again.
#[derive(Debug)]
struct Taking {
    acquire: Acquire<Lock>,
    ticket: Ticket,
    /// It was notified, and has not passed that on.
    notified: bool,
    /// The last cancel that came; it goes on once the lock is there.
    leaving: Option<CancelledError>,
}

impl ConditionWait {
    pub(super) fn new(condition: Condition) -> Self {
        Self { condition, stage: Stage::New }
    }

    /// Gives the lock away and takes a place; but if a cancel is due, the lock stays with its holder.
    fn begin(&mut self, context: &Context<'_>) -> Result<()> {
        let Condition { lock, shared } = &self.condition;
        let ticket = lock.holder().ok_or_else(|| not_held("wait()"))?;
        shared.bound.check("condition")?;
        lock.check_loop()?;
        if is_marked() {
            return Ok(());
        }
        self.stage = Stage::Waiting { place: shared.waiters.enter(context), ticket };
        lock.release()
    }

    /// What comes after the waiting, if a notification or a cancel has ended it.
    fn after(&self, place: Place, ticket: Ticket, context: &Context<'_>) -> Option<Taking> {
        let waiters = &self.condition.shared.waiters;
        let leaving = take_mark();
        let mut notified = match leaving {
            None if waiters.leave_if_woken(place, context) => true,
            None => return None,
            Some(_) => waiters.leave(place),
        };
        if notified && leaving.is_some() {
            notified = false;
            self.condition.pass_on();
        }
        Some(Taking { acquire: self.condition.lock.acquire(), ticket, notified, leaving })
    }
}

impl Taking {
    fn poll(&mut self, condition: &Condition, context: &Context<'_>) -> Poll<Result<()>> {
        if let Some(error) = take_mark() {
            // The latest one counts.
            self.leaving = Some(error);
            if mem::take(&mut self.notified) {
                condition.pass_on();
            }
        }
        let taken = ready!(self.acquire.poll_ticket(context));
        if taken.is_ok() {
            self.notified = false;
            condition.lock.hold_as(self.ticket);
        }
        Poll::Ready(taken.map(|_| ()))
    }
}

impl Future for ConditionWait {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        waits_for(WaitsFor::Condition, address_of(&*this.condition.shared));
        match this.stage {
            Stage::New => {
                this.begin(context)?;
                return Poll::Pending;
            }
            Stage::Waiting { place, ticket } => match this.after(place, ticket, context) {
                Some(taking) => this.stage = Stage::Taking(taking),
                None => return Poll::Pending,
            },
            Stage::Taking(_) => {}
            // Leaving: the boundary that took the mark drops this.
            Stage::Done => return Poll::Pending,
        }
        let Stage::Taking(taking) = &mut this.stage else { unreachable!("the other stages have returned") };
        let taken = ready!(taking.poll(&this.condition, context));
        let leaving = taking.leaving.take();
        this.end();
        match leaving {
            None => Poll::Ready(taken),
            Some(error) => {
                leave(error);
                Poll::Pending
            }
        }
    }
}

impl ConditionWait {
    /// Gives up what it has of a place and of a notification.
    fn end(&mut self) {
        let notified = match mem::replace(&mut self.stage, Stage::Done) {
            Stage::Waiting { place, .. } => self.condition.shared.waiters.leave(place),
            Stage::Taking(taking) => taking.notified,
            Stage::New | Stage::Done => false,
        };
        if notified {
            self.condition.pass_on();
        }
    }
}

impl Drop for ConditionWait {
    fn drop(&mut self) {
        self.end();
    }
}
