//! Calling the protocol: in its context, one callback at a time, and telling it afterwards what it could not be told
//! while it ran.

use std::borrow::Cow;
use std::rc::Rc;

use super::super::entered::Entered;
use super::super::flow_control::Signal;
use super::super::{Endpoint, Transport};
use super::{Medium, Stream};
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::future::Future;

impl<M: Medium> Stream<M> {
    /// Runs `f` in the context of the connection. What it sets there stays for the next time.
    #[inline]
    pub(super) fn in_context(&self, f: impl FnOnce()) {
        let _entered = Entered::new(&self.context);
        f();
    }

    pub(super) fn connection_made(self: &Rc<Self>, waiter: Option<Future<()>>) {
        let transport = self.transport();
        self.in_context(|| {
            if let Err(error) = self.call(&transport, |endpoint| endpoint.connection_made(&transport)) {
                self.report("protocol.connection_made() call failed", error);
            }
            self.state.set(self.state.get().made());
        });
        if let Some(waiter) = waiter {
            // Who waited may have been cancelled meanwhile.
            let _ = waiter.set_result(());
        }
        if self.may_read() {
            self.queue();
        }
    }

    /// Calls the protocol, and then tells it about flow control what came up while it ran.
    #[inline]
    pub(super) fn call<R: Default>(
        &self,
        transport: &Transport,
        callback: impl FnOnce(&dyn Endpoint) -> Result<R>,
    ) -> Result<R> {
        // Cloned: the callback may replace its own protocol.
        let Some(endpoint) = self.endpoint.borrow().clone() else { return Ok(R::default()) };
        let outer = self.change(|state| state.set_running(true));
        let result = callback(&*endpoint);
        self.change(|state| state.set_running(outer));
        self.settle_if_special(transport);
        result
    }

    #[inline]
    pub(super) fn settle_if_special(&self, transport: &Transport) {
        if self.state.get().is_special() {
            self.settle(transport);
        }
    }

    /// Tells the protocol to pause or resume writing, unless it is running: then it is told right after.
    pub(super) fn settle(&self, transport: &Transport) {
        while !(self.state.get().is_running() || self.state.get().is_ending() || self.state.get().is_held()) {
            if !self.outgoing.borrow().as_ref().is_some_and(|outgoing| outgoing.flow.has_signal()) {
                return self.tidy();
            }
            let Some(endpoint) = self.endpoint.borrow().clone() else { return };
            if endpoint.is_busy() {
                // Somebody uses the protocol through a handle just now.
                return self.queue();
            }
            let signal = self.outgoing.borrow_mut().as_mut().and_then(|outgoing| outgoing.flow.signal());
            let Some(signal) = signal else { return };
            self.change(|state| state.set_running(true));
            let (name, result) = match signal {
                Signal::PauseWriting => ("protocol.pause_writing() failed", endpoint.pause_writing(transport)),
                Signal::ResumeWriting => ("protocol.resume_writing() failed", endpoint.resume_writing(transport)),
            };
            self.change(|state| state.set_running(false));
            if self.net.inner().get_debug() {
                crate::log::record!(debug, "{transport:?}: {signal:?}");
            }
            if let Err(error) = result {
                self.report(name, error);
            }
        }
    }

    /// As [`settle`](Self::settle), for callers that have no transport at hand.
    pub(super) fn settle_now(&self) {
        let due = self.outgoing.borrow().as_ref().is_some_and(|outgoing| outgoing.flow.has_signal());
        if let Some(this) = self.this.upgrade().filter(|_| due) {
            self.settle(&this.transport());
        }
    }

    /// Forgets the rare part once it says nothing any more.
    pub(super) fn tidy(&self) {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.as_ref().is_some_and(|outgoing| outgoing.is_default()) {
            *outgoing = None;
            self.change(|state| state.set_special(false));
        }
    }

    /// Hands a failure to the exception handler, with the connection and its protocol.
    #[cold]
    pub(super) fn report(&self, message: impl Into<Cow<'static, str>>, error: Error) {
        let mut context = ExceptionContext::new(message).exception(error).code("ASY0013");
        if let Some(this) = self.this.upgrade() {
            context = context.with("transport", this.transport());
        }
        let endpoint = self.endpoint.borrow().clone();
        if let Some(endpoint) = endpoint {
            context = endpoint.report(context);
        }
        self.net.inner().call_exception_handler(context);
    }
}
