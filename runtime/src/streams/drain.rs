//! What a writer waits for: room, and the end.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::shared::Shared;
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::handle::LocalWaker;
use crate::sync::Place;
use crate::trace::{WaitsFor, waits_for};
use crate::transports::Transport;

/// What [`StreamWriter::drain`](crate::StreamWriter::drain) returns.
#[derive(Debug)]
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct Drain<'a> {
    shared: &'a Rc<Shared>,
    transport: &'a Transport,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    New,
    /// The connection is closing: its end may be due in this tick.
    Yielded,
    Waiting(Place),
}

impl<'a> Drain<'a> {
    #[inline]
    pub(super) fn new(shared: &'a Rc<Shared>, transport: &'a Transport) -> Self {
        Self { shared, transport, stage: Stage::New }
    }
}

impl Future for Drain<'_> {
    type Output = Result<()>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        this.shared.poll_drain(&mut this.stage, this.transport, context)
    }
}

impl Drop for Drain<'_> {
    #[inline]
    fn drop(&mut self) {
        self.shared.give_up_drain(&mut self.stage);
    }
}

impl Shared {
    #[inline]
    pub(super) fn poll_drain(
        &self,
        stage: &mut Stage,
        transport: &Transport,
        context: &Context<'_>,
    ) -> Poll<Result<()>> {
        let usual = matches!(stage, Stage::New) && !self.outgoing.paused.get() && !self.outgoing.lost.get();
        if usual && !self.has_failed() && !transport.is_closing() {
            return Poll::Ready(Ok(()));
        }
        self.poll_drain_slowly(stage, transport, context)
    }

    /// As that, where there is something to wait for or to be told.
    #[inline(never)]
    fn poll_drain_slowly(&self, stage: &mut Stage, transport: &Transport, context: &Context<'_>) -> Poll<Result<()>> {
        match *stage {
            Stage::New => {
                if self.has_failed() {
                    return Poll::Ready(self.exception().map_or(Ok(()), Err));
                }
                if transport.is_closing() && !self.outgoing.lost.get() {
                    // Who writes and drains in a loop would never let the connection end.
                    *stage = Stage::Yielded;
                    LocalWaker::wake_context(context);
                    waits_for(WaitsFor::Drain, self.descriptor());
                    return Poll::Pending;
                }
            }
            Stage::Yielded | Stage::Waiting(_) if is_marked() => {
                waits_for(WaitsFor::Drain, self.descriptor());
                return Poll::Pending;
            }
            Stage::Yielded => *stage = Stage::New,
            Stage::Waiting(place) => {
                if !self.outgoing.drainers.leave_if_woken(place, context) {
                    waits_for(WaitsFor::Drain, self.descriptor());
                    return Poll::Pending;
                }
                *stage = Stage::New;
                return Poll::Ready(if self.outgoing.lost.get() { self.outgoing.outcome() } else { Ok(()) });
            }
        }
        if self.outgoing.lost.get() {
            return Poll::Ready(Err(lost(transport)));
        }
        if !self.outgoing.paused.get() {
            return Poll::Ready(Ok(()));
        }
        *stage = Stage::Waiting(self.outgoing.drainers.enter(context));
        waits_for(WaitsFor::Drain, self.descriptor());
        Poll::Pending
    }

    #[inline]
    pub(super) fn give_up_drain(&self, stage: &mut Stage) {
        if let Stage::Waiting(place) = std::mem::replace(stage, Stage::New) {
            self.outgoing.drainers.leave(place);
        }
    }

    pub(super) fn poll_closed(&self, place: &mut Option<Place>, context: &Context<'_>) -> Poll<Result<()>> {
        match *place {
            None if self.outgoing.lost.get() => return Poll::Ready(self.outgoing.outcome()),
            None => *place = Some(self.outgoing.closers.enter(context)),
            Some(waiting) if !is_marked() && self.outgoing.closers.leave_if_woken(waiting, context) => {
                *place = None;
                return Poll::Ready(self.outgoing.outcome());
            }
            Some(_) => {}
        }
        waits_for(WaitsFor::Close, self.descriptor());
        Poll::Pending
    }

    pub(super) fn give_up_closed(&self, place: &mut Option<Place>) {
        if let Some(place) = place.take() {
            self.outgoing.closers.leave(place);
        }
    }
}

#[cold]
fn lost(transport: &Transport) -> Error {
    let error = io::Error::new(ErrorKind::ConnectionReset, "Connection lost");
    match transport.peername() {
        Some(peer) => Error::os_error_at(error, peer),
        None => error.into(),
    }
}

/// What [`StreamWriter::wait_closed`](crate::StreamWriter::wait_closed) returns.
#[derive(Debug)]
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct WaitClosed<'a> {
    shared: &'a Rc<Shared>,
    place: Option<Place>,
}

impl<'a> WaitClosed<'a> {
    pub(super) fn new(shared: &'a Rc<Shared>) -> Self {
        Self { shared, place: None }
    }
}

impl Future for WaitClosed<'_> {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        this.shared.poll_closed(&mut this.place, context)
    }
}

impl Drop for WaitClosed<'_> {
    fn drop(&mut self) {
        self.shared.give_up_closed(&mut self.place);
    }
}
