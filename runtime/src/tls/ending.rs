//! The end: by `close` and the notices of both sides, by a failure, or by a time limit.

use std::time::Duration;

use super::kept::End;
use super::layer::Layer;
use super::spool::Spool;
use crate::exceptions::{Error, Result, SslError, SslReason, TimeoutError, catch};
use crate::ssl::explain;
use crate::transports::{DATA_RECEIVED_FAILED, Io};

impl Layer {
    /// Says our last word behind all that was written, and waits for the peer's, within the time limit.
    pub(super) fn close_layer(&self) {
        if self.state.get().is_handshaking() {
            return self.abort_below();
        }
        let is_first = self.change(|state| state.close());
        // Nothing more can be written, for which some may wait.
        self.leave_room();
        if !is_first {
            return;
        }
        self.forget_kept();
        self.limit(self.shutdown_timeout, Self::shutdown_timed_out);
        let result = self.with_session(&mut Spool::default(), |session, output| session.close_notify(output));
        if let Err(error) = result {
            return self.end_with(explain(&error).with_peer(self.peer()).into());
        }
        if self.session.borrow().peer_closed() {
            self.close_below();
        } else if let Some(below) = self.below() {
            // The peer's last word has to be read, even by those who read no more.
            below.resume_reading();
        }
    }

    /// The connection cannot go on. The alert that tells the peer is written already.
    #[cold]
    pub(super) fn end_with(&self, error: Error) {
        if self.state.get().is_lost() {
            return;
        }
        if self.inner.get_debug() && self.state.get().is_shaken() {
            crate::log::record!(debug, "{self:?} failed: {error}");
        }
        self.set_error(error);
        self.limit(self.shutdown_timeout, Self::abort_below);
        self.close_below();
    }

    /// The peer's data has ended.
    pub(super) fn ended(&self, end: End) {
        let state = self.state.get();
        if state.is_awaiting_peer() {
            // We have said our last word before: whatever it is, it is the end.
            return self.close_below();
        }
        if !state.is_open() {
            return;
        }
        if !state.may_deliver() || self.has_kept() {
            return self.keep_end(end);
        }
        match end {
            End::Truncated => {
                let text = "the connection was truncated: it ended without the peer's close_notify";
                self.end_with(SslError::new(SslReason::Truncated, text).with_peer(self.peer()).into());
            }
            End::Clean => self.ended_cleanly(),
        }
    }

    fn ended_cleanly(&self) {
        if let Err(error) = self.call(|above, transport| above.last_words(transport)) {
            return self.reception_broken(error);
        }
        if !self.state.get().may_deliver() {
            // It comes again when the protocol goes on, unless the connection has ended by then.
            return self.keep_end(End::Clean);
        }
        if !self.change(|state| state.end_of_data()) {
            // The handler that awaited something has ended.
            return self.close_layer();
        }
        match self.call(|above, transport| above.eof_received(transport)) {
            Err(error) => self.broken("Fatal error: protocol.eof_received() call failed.", error),
            // A handler that awaits may write until it has ended.
            Ok(_) if self.state.get().is_held() => self.keep_end(End::Clean),
            Ok(open) => {
                if open {
                    crate::log::warning(format_args!(
                        "ASY0013: eof_received() returned true, which has no effect with TLS: {self:?} closes"
                    ));
                }
                self.close_layer();
            }
        }
    }

    /// The protocol failed at what came in.
    #[cold]
    pub(super) fn reception_broken(&self, error: Error) {
        let message = self.above.borrow().as_ref().map_or(DATA_RECEIVED_FAILED, |above| above.reception_failed());
        self.broken(message, error);
    }

    /// The protocol failed, and what it would do next is anybody's guess.
    #[cold]
    pub(super) fn broken(&self, message: &'static str, error: Error) {
        self.report(message, error.clone());
        self.set_error(error);
        self.abort_below();
    }

    /// The transport below is gone.
    pub(super) fn lost(&self, exc: Option<&Error>) -> Result<()> {
        if !self.change(|state| state.lost()) {
            return Ok(());
        }
        self.unlimit();
        self.forget_kept();
        let error = self.error.take().or_else(|| exc.cloned());
        let state = self.state.get();
        let mut result = Ok(());
        if state.is_made() {
            result = self.call(|above, transport| above.connection_lost(transport, error.as_ref()));
        }
        if !state.is_shaken() {
            self.not_shaken(error.unwrap_or_else(|| self.closed_too_early()));
        }
        let above = self.above.take();
        if let Err(panic) = catch(|| drop(above)) {
            self.report("dropping the protocol failed", panic.into());
        }
        result
    }

    /// The transport below is gone, which the protocol will be told when it is free.
    pub(super) fn losing(&self, exc: Option<&Error>) {
        self.change(|state| state.end());
        self.unlimit();
        if !self.state.get().is_shaken() {
            // It may be the handler that keeps the protocol busy who waits for the handshake.
            let error = self.error.borrow().clone().or_else(|| exc.cloned());
            self.tell_not_shaken(error.unwrap_or_else(|| self.closed_too_early()));
        }
    }

    fn closed_too_early(&self) -> Error {
        let text = "the connection was closed before the handshake was done";
        SslError::new(SslReason::Other, text).with_peer(self.peer()).into()
    }

    /// The first reason counts.
    pub(super) fn set_error(&self, error: Error) {
        let mut kept = self.error.borrow_mut();
        if kept.is_none() {
            *kept = Some(error);
        }
    }

    pub(super) fn abort_below(&self) {
        self.change(|state| state.end());
        if let Some(below) = self.below() {
            below.abort();
        }
    }

    pub(super) fn close_below(&self) {
        self.change(|state| state.end());
        if let Some(below) = self.below() {
            below.close();
        }
    }

    fn shutdown_timed_out(&self) {
        if self.state.get().is_awaiting_peer() {
            self.set_error(TimeoutError::new().into());
        }
        self.abort_below();
    }

    /// Calls `then` after that time; whatever was to be called before is not.
    pub(super) fn limit(&self, time: Duration, then: fn(&Self)) {
        let this = self.this.clone();
        let timer = self.inner.call_later_internal(time, move || {
            if let Some(this) = this.upgrade() {
                then(&this);
            }
        });
        self.unlimit();
        // A timer that cannot be had means that the loop was closed.
        *self.timer.borrow_mut() = timer.ok();
    }

    pub(super) fn unlimit(&self) {
        if let Some(timer) = self.timer.take() {
            timer.cancel();
        }
    }
}
