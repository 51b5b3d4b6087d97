//! One read, whatever it reads: it looks at the buffer, and waits for more.
//!
//! A read takes nothing out of the buffer before it can take all it wants, so that one that is cancelled, or dropped,
//! has lost nothing: the next read finds every byte.

use std::task::{Context, Poll};

use super::reader::StreamReader;
use super::shared::{Incoming, Shared};
use crate::cancellation::is_marked;
use crate::exceptions::Result;
use crate::trace::{WaitsFor, waits_for};

/// A read in progress. Dropping it ends the wait.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    reader: &'a mut StreamReader,
}

/// What looking at the buffer came to.
pub(super) enum Attempt<T> {
    Done(Result<T>),
    /// The buffer must hold this many bytes, or the stream be at its end, before it is worth looking again.
    Needs(usize),
}

impl<'a> Reading<'a> {
    #[inline]
    pub(super) fn new(reader: &'a mut StreamReader) -> Self {
        reader.waiting = false;
        Self { reader }
    }

    /// Whether it has not been polled yet, or is over.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        !self.reader.waiting
    }

    #[inline]
    pub(super) fn shared(&mut self) -> &Shared {
        self.reader.shared()
    }

    #[inline]
    pub(super) fn poll<T>(
        &mut self,
        context: &Context<'_>,
        attempt: impl FnOnce(&mut Incoming) -> Attempt<T>,
    ) -> Poll<Result<T>> {
        self.reader.poll(context, attempt)
    }
}

impl StreamReader {
    /// Looks at the buffer, and says whom to wake if that is not enough.
    #[inline]
    pub(super) fn poll<T>(
        &mut self,
        context: &Context<'_>,
        attempt: impl FnOnce(&mut Incoming) -> Attempt<T>,
    ) -> Poll<Result<T>> {
        // What has come in stays for the next read.
        if self.waiting && is_marked() {
            waits_for(WaitsFor::Read, self.shared().descriptor());
            return Poll::Pending;
        }
        let shared = self.shared();
        let outcome = shared.read(|incoming| match &incoming.exception {
            Some(exception) => Attempt::Done(Err(exception.clone())),
            None => attempt(incoming),
        });
        match outcome {
            Attempt::Done(result) => {
                self.waiting = false;
                Poll::Ready(result)
            }
            Attempt::Needs(wanted) => {
                shared.wait_for(wanted, context);
                waits_for(WaitsFor::Read, shared.descriptor());
                self.waiting = true;
                Poll::Pending
            }
        }
    }
}

impl Drop for Reading<'_> {
    #[inline]
    fn drop(&mut self) {
        if std::mem::take(&mut self.reader.waiting) {
            self.reader.shared().stop_waiting();
        }
    }
}
