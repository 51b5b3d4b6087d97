//! The handshake: its beginning, its time limit, its success and its failure.

use std::io;
use std::time::Duration;

use super::layer::Layer;
use super::spool::Spool;
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::handle::TimerHandle;
use crate::ssl::explain;
use crate::transports::{Limits, Transport};

/// The protocol is paused at as much ciphertext as Python has it.
const HIGH: usize = 512 * 1024;

impl Layer {
    /// The transport below is there.
    pub(super) fn begin(&self, below: &Transport) {
        *self.below.borrow_mut() = Some(below.clone());
        below.io().set_limits(Limits { high: HIGH, low: HIGH / 4 });
        self.change(|state| state.begin());
        self.limit(self.handshake_timeout, Self::handshake_timed_out);
        if self.inner.get_debug() {
            crate::log::record!(debug, "{self:?} starts the TLS handshake");
        }
        let result = self.with_session(&mut Spool::default(), |session, output| session.begin(output));
        if let Err(error) = result {
            self.end_with(explain(&error).with_peer(self.peer()).into());
        }
    }

    /// Begins on a connection that exists, in the next tick, as a new one would, if `check` is content by then.
    pub(super) fn upgrade(&self, below: Transport, check: impl FnOnce() -> Result<()> + 'static) {
        self.soon(move |layer| match check() {
            Ok(()) => {
                layer.begin(&below);
                below.resume_reading();
            }
            Err(error) => {
                // Now, for a peer that does not read may put off the end for ever.
                layer.tell_not_shaken(error.clone());
                layer.set_error(error);
                *layer.below.borrow_mut() = Some(below.clone());
                below.close();
            }
        });
    }

    /// Both sides know each other.
    pub(super) fn shaken(&self) {
        let is_new = self.change(|state| state.open());
        if self.inner.get_debug() {
            // The timer knows when it began.
            let limit = self.timer.borrow().as_ref().map_or(Duration::ZERO, TimerHandle::when);
            let took = (Duration::from_nanos(self.inner.nanos()) + self.handshake_timeout).saturating_sub(limit);
            let milliseconds = took.as_secs_f64() * 1e3;
            crate::log::record!(debug, "{self:?}: the TLS handshake took {milliseconds:.1} ms");
        }
        self.unlimit();
        if is_new {
            if let Err(error) = self.call(|above, transport| above.connection_made(transport)) {
                self.report("protocol.connection_made() call failed", error);
            }
        }
        if self.state.get().is_held() {
            // What comes next is for a protocol that is busy.
            self.steer();
        }
        if let Some(waiter) = self.waiter.take() {
            // Who waited may have been cancelled meanwhile.
            let _ = waiter.set_result(());
        }
    }

    fn handshake_timed_out(&self) {
        if self.state.get().is_handshaking() {
            let text = format!("the TLS handshake took longer than {:?}", self.handshake_timeout);
            self.set_error(self.at_peer(io::Error::new(io::ErrorKind::ConnectionAborted, text)));
        }
        self.abort_below();
    }

    /// The peer left in the middle of the handshake.
    pub(super) fn left(&self) {
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "the peer left during the TLS handshake");
        self.set_error(self.at_peer(error));
        self.abort_below();
    }

    /// Tells whoever waits for the connection why there is none. Nobody waits at a server: it is logged there, and in
    /// debug mode it goes to the exception handler.
    pub(super) fn not_shaken(&self, error: Error) {
        if self.state.get().is_awaited() {
            self.tell_not_shaken(error);
        } else if self.inner.get_debug() {
            self.report("Error on transport creation for incoming connection", error);
        } else {
            crate::log::record!(warn, "ASY0025: a TLS handshake failed: {error}");
        }
    }

    /// Tells whoever waits, once.
    pub(super) fn tell_not_shaken(&self, error: Error) {
        if let Some(waiter) = self.waiter.take() {
            // Who waited may have been cancelled meanwhile.
            let _ = waiter.set_exception(error);
        }
    }

    pub(super) fn at_peer(&self, error: io::Error) -> Error {
        match self.peer() {
            Some(peer) => Error::os_error_at(error, peer),
            None => error.into(),
        }
    }

    /// Hands a failure to the exception handler, with the connection and its protocol.
    #[cold]
    pub(super) fn report(&self, message: &'static str, error: Error) {
        let mut context = ExceptionContext::new(message).exception(error).code("ASY0013");
        if let Some(transport) = self.this_transport() {
            context = context.with("transport", transport);
        }
        let above = self.above.borrow().clone();
        if let Some(above) = above {
            context = above.report(context);
        }
        self.inner.call_exception_handler(context);
    }

    /// Something came, which may have been the last of the handshake.
    pub(super) fn check_handshake(&self) {
        if self.state.get().is_handshaking() && !self.session.borrow().is_handshaking() {
            self.shaken();
        }
    }
}
