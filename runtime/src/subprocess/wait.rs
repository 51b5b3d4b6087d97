//! Waiting for the end of a child.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::child::Running;
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::sync::Place;
use crate::trace::{WaitsFor, waits_for};

/// What [`Process::wait`](super::Process::wait) returns.
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct WaitProcess {
    running: Rc<Running>,
    place: Option<Place>,
}

impl WaitProcess {
    pub(super) fn new(running: Rc<Running>) -> Self {
        Self { running, place: None }
    }
}

impl Future for WaitProcess {
    type Output = Result<i32>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<i32>> {
        let this = &mut *self;
        let running = &*this.running;
        match this.place {
            // Its end is news that stays, for whoever asks next.
            Some(_) if is_marked() => {}
            _ if running.child().returncode().is_some() => {
                return Poll::Ready(running.child().returncode().ok_or_else(closed));
            }
            _ if running.inner().is_closed() => return Poll::Ready(Err(closed())),
            None => this.place = Some(running.waiters.enter(context)),
            Some(place) => {
                if running.waiters.leave_if_woken(place, context) {
                    this.place = Some(running.waiters.enter(context));
                }
            }
        }
        waits_for(WaitsFor::Process, running.child().pid() as usize);
        Poll::Pending
    }
}

#[cold]
pub(super) fn closed() -> Error {
    Error::runtime_error("the event loop that started this process is closed, and the process was killed with it")
}

impl Drop for WaitProcess {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.running.waiters.leave(place);
        }
    }
}

impl fmt::Debug for WaitProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitProcess").field("process", &self.running).finish()
    }
}
