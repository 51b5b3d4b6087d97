//! What the transport of a pipe tells, passed on as the child's.

use std::any::Any;
use std::rc::Rc;

use super::child::Running;
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::transports::{AnyProtocol, Endpoint, Transport};

/// The endpoint of one pipe.
pub(super) struct PipeEnd {
    running: Rc<Running>,
    /// Which standard stream of the child it is.
    fd: i32,
}

impl PipeEnd {
    pub(super) fn new(running: Rc<Running>, fd: i32) -> Rc<Self> {
        Rc::new(Self { running, fd })
    }
}

impl AnyProtocol for PipeEnd {
    fn is_busy(&self) -> bool {
        self.running.endpoint().is_some_and(|endpoint| endpoint.is_busy())
    }

    fn report(self: Rc<Self>, context: ExceptionContext) -> ExceptionContext {
        match self.running.endpoint() {
            Some(endpoint) => endpoint.report(context),
            None => context,
        }
    }

    fn hand_out(self: Rc<Self>, slot: &mut dyn Any) {
        if let Some(endpoint) = self.running.endpoint() {
            endpoint.hand_out(slot);
        }
    }
}

impl Endpoint for PipeEnd {
    fn connection_made(&self, _transport: &Transport) -> Result<()> {
        Ok(())
    }

    fn data_received(&self, _transport: &Transport, data: &[u8]) -> Result<usize> {
        self.running.call(|endpoint, transport| endpoint.pipe_data_received(transport, self.fd, data))?;
        Ok(data.len())
    }

    fn eof_received(&self, _transport: &Transport) -> Result<bool> {
        Ok(false)
    }

    fn connection_lost(&self, _transport: &Transport, exc: Option<&Error>) -> Result<()> {
        self.running.pipe_lost(self.fd, exc);
        Ok(())
    }

    fn pause_writing(&self, _transport: &Transport) -> Result<()> {
        self.running.call(|endpoint, transport| endpoint.pause_writing(transport))
    }

    fn resume_writing(&self, _transport: &Transport) -> Result<()> {
        self.running.call(|endpoint, transport| endpoint.resume_writing(transport))
    }
}
