//! Calling the protocol: in its context, one callback at a time, and telling it afterwards what it could not be told
//! while it ran.

use std::rc::Rc;

use super::super::DatagramEndpoint;
use super::super::entered::Entered;
use super::super::flow_control::Signal;
use super::{Datagram, DatagramTransport};
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::future::Future;

/// What the protocol has to be told.
enum News {
    Error(Error),
    Signal(Signal),
}

impl Datagram {
    /// Runs `f` in the context of the endpoint.
    pub(super) fn in_context(&self, f: impl FnOnce()) {
        let _entered = Entered::new(&self.context);
        f();
    }

    pub(super) fn connection_made(self: &Rc<Self>, waiter: &Future<()>) {
        let transport = self.transport();
        self.in_context(|| {
            if let Err(error) = self.call(&transport, |endpoint| endpoint.connection_made(&transport)) {
                self.report("protocol.connection_made() call failed", error);
            }
            self.state.set(self.state.get().made());
        });
        // Who waited may have been cancelled meanwhile.
        let _ = waiter.set_result(());
        if self.may_read() {
            self.queue();
        }
    }

    /// Calls the protocol, and then tells it what came up while it ran.
    #[inline]
    pub(super) fn call(
        &self,
        transport: &DatagramTransport,
        callback: impl FnOnce(&dyn DatagramEndpoint) -> Result<()>,
    ) -> Result<()> {
        // Cloned: the callback may replace its own protocol.
        let Some(endpoint) = self.endpoint.borrow().clone() else { return Ok(()) };
        let outer = self.change(|state| state.set_running(true));
        let result = callback(&*endpoint);
        self.change(|state| state.set_running(outer));
        self.settle(transport);
        result
    }

    /// Tells the protocol of failed datagrams and of flow control, unless it is running: then it is told right after.
    #[inline]
    pub(super) fn settle(&self, transport: &DatagramTransport) {
        if self.has_news() {
            self.tell_news(transport);
        }
    }

    #[cold]
    fn tell_news(&self, transport: &DatagramTransport) {
        // A protocol that sends again for each error gets the new errors in its next turn.
        let mut errors = self.outgoing.borrow().errors.len();
        while self.has_news() && !self.state.get().is_running() {
            let Some(endpoint) = self.endpoint.borrow().clone() else { return };
            if endpoint.is_busy() {
                // Somebody uses the protocol through a handle just now.
                return self.queue();
            }
            let Some(news) = self.take_news(errors > 0) else { return self.queue() };
            self.change(|state| state.set_running(true));
            let (name, result) = match news {
                News::Error(error) => {
                    errors -= 1;
                    ("protocol.error_received() call failed", endpoint.error_received(transport, &error))
                }
                News::Signal(signal) => self.signal(&*endpoint, transport, signal),
            };
            self.change(|state| state.set_running(false));
            if let Err(error) = result {
                self.report(name, error);
            }
        }
    }

    fn signal(
        &self,
        endpoint: &dyn DatagramEndpoint,
        transport: &DatagramTransport,
        signal: Signal,
    ) -> (&'static str, Result<()>) {
        if self.net.inner().get_debug() {
            crate::log::record!(debug, "{transport:?}: {signal:?}");
        }
        match signal {
            Signal::PauseWriting => ("protocol.pause_writing() failed", endpoint.pause_writing(transport)),
            Signal::ResumeWriting => ("protocol.resume_writing() failed", endpoint.resume_writing(transport)),
        }
    }

    /// Whether the protocol has to be told anything: at the end of the endpoint it is still told of errors.
    #[inline]
    fn has_news(&self) -> bool {
        let outgoing = self.outgoing.borrow();
        if outgoing.errors.is_empty() && !outgoing.flow.has_signal() {
            return false;
        }
        let state = self.state.get();
        !outgoing.errors.is_empty() && !state.is_lost() || outgoing.flow.has_signal() && !state.is_ending()
    }

    /// What to tell it next; an error only `if errors` may still be told in this turn.
    fn take_news(&self, errors: bool) -> Option<News> {
        let mut outgoing = self.outgoing.borrow_mut();
        let error = if errors { outgoing.errors.pop_front() } else { None };
        let more = if outgoing.errors.is_empty() { std::mem::take(&mut outgoing.more_errors) } else { 0 };
        let signal = || outgoing.flow.signal().filter(|_| !self.state.get().is_ending()).map(News::Signal);
        let news = error.map(News::Error).or_else(signal);
        drop(outgoing);
        if more > 0 {
            crate::log::warning(format_args!("ASY0027: {more} more datagrams failed in one callback of {self:?}"));
        }
        news
    }

    /// As [`settle`](Self::settle), for callers that have no transport at hand.
    pub(super) fn settle_now(&self) {
        if !self.has_news() {
            return;
        }
        if let Some(this) = self.this.upgrade() {
            self.tell_news(&this.transport());
        }
    }

    /// Hands a failure to the exception handler, with the endpoint and its protocol.
    #[cold]
    pub(super) fn report(&self, message: &'static str, error: Error) {
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
