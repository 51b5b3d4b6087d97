//! `start`: a child from its options to the end of `connection_made`.

use std::future::Future;
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::child::Running;
use super::options::Options;
use super::protocol::SubprocessEndpoint;
use super::transport::SubprocessTransport;
use super::wait::closed;
use crate::cancellation::is_marked;
use crate::endpoints::{Unfinished, check_running};
use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::sync::Place;
use crate::trace::{WaitsFor, waits_for};

/// Starts a child. What it gives is awaited until `connection_made` has returned, in a turn of the loop's of its own.
/// Dropping that before kills the child.
pub(super) fn start(
    event_loop: &EventLoop,
    options: Box<Options>,
    endpoint: Rc<dyn SubprocessEndpoint>,
    site: &'static Location<'static>,
) -> Result<Starting> {
    check_running(event_loop)?;
    let program = event_loop.get_debug().then(|| options.program.clone());
    let mut started = options.start()?;
    let ends = std::mem::take(&mut started.ends);
    let running = Running::new(event_loop.inner(), started, endpoint)?;
    let unfinished = Unfinished::new(SubprocessTransport::new(running.clone()), SubprocessTransport::close);
    running.note_site(site);
    running.tell_start();
    running.connect(ends)?;
    if let Some(program) = program {
        crate::log::record!(info, "process {} was started: {running:?}", Path::new(&program).display());
    }
    Ok(Starting { unfinished: Some(unfinished), place: None })
}

/// A child that was started, and whose protocol has not heard of that.
pub(super) struct Starting {
    /// Until it is ready.
    unfinished: Option<Unfinished<SubprocessTransport>>,
    place: Option<Place>,
}

impl Future for Starting {
    type Output = Result<SubprocessTransport>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<SubprocessTransport>> {
        let Self { unfinished, place } = &mut *self;
        let running = unfinished.as_ref().expect("it is not polled any more when it was ready").running();
        match *place {
            Some(_) if is_marked() => {}
            _ if running.made.get() => {
                if let Some(place) = place.take() {
                    running.waiters.leave(place);
                }
                return Poll::Ready(Ok(unfinished.take().expect("as above").finish()));
            }
            _ if running.inner().is_closed() => return Poll::Ready(Err(closed())),
            None => *place = Some(running.waiters.enter(context)),
            Some(here) => {
                if running.waiters.leave_if_woken(here, context) {
                    *place = Some(running.waiters.enter(context));
                }
            }
        }
        waits_for(WaitsFor::Process, running.child().pid() as usize);
        Poll::Pending
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let (Some(unfinished), Some(place)) = (&self.unfinished, self.place.take()) {
            unfinished.running().waiters.leave(place);
        }
    }
}
