//! A file on its way through a connection, which is the file's alone meanwhile: what was written before has left, what
//! is written now is refused, and the end of the stream or of the connection waits.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use super::super::state::Writing;
use super::{Medium, Stream};
use crate::exceptions::{Error, Result};
use crate::handle::LocalWaker;
use crate::net::FilePart;

/// Who sends a file, while there is no room for more of it.
#[derive(Debug, Default)]
pub(super) struct FileSender {
    /// Woken, and taken away, when there is room or the connection has ended.
    waker: Option<LocalWaker>,
    /// Why it has ended.
    lost: Option<Error>,
}

impl FileSender {
    pub(super) fn is_default(&self) -> bool {
        self.waker.is_none() && self.lost.is_none()
    }
}

impl<M: Medium> Stream<M> {
    pub(super) fn begin_sending_file(&self) -> Result<()> {
        match self.state.get().writing() {
            Writing::Allowed => {}
            Writing::Ended => return Err(Error::runtime_error(self.ended("sendfile()").1)),
            Writing::SendingFile => {
                return Err(Error::runtime_error(
                    "another sendfile() is in progress on this transport; await it first",
                ));
            }
            Writing::Gone => return Err(Error::runtime_error("sendfile(): the transport is closing or closed")),
        }
        self.change(|state| state.set_sending_file(true));
        Ok(())
    }

    /// Carries out what waited for the file.
    pub(super) fn end_sending_file(&self) {
        self.change(|state| state.set_sending_file(false));
        let sender = self.outgoing.borrow_mut().as_mut().map(|outgoing| std::mem::take(&mut outgoing.file));
        drop(sender);
        let state = self.state.get();
        if !self.has_waiting() && !state.is_ending() {
            if state.is_flushing() {
                self.lose(None);
            } else if state.eof_asked() {
                self.shut_writing();
            }
        }
        self.tidy();
        if self.may_read() {
            self.queue();
        }
    }

    /// Ready once nothing waits to be sent. An error if the connection has ended.
    pub(super) fn poll_all_sent(&self, cx: &Context<'_>) -> Poll<Result<()>> {
        if self.state.get().is_ending() {
            let lost = self.outgoing.borrow().as_ref().and_then(|outgoing| outgoing.file.lost.clone());
            let ended = || self.at_peer(io::Error::new(ErrorKind::ConnectionAborted, "the connection was aborted"));
            return Poll::Ready(Err(lost.unwrap_or_else(ended)));
        }
        let asleep = self.outgoing.borrow().as_ref().is_some_and(|outgoing| outgoing.file.waker.is_some());
        if asleep || self.has_waiting() {
            self.sleep_for_file(cx);
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn sleep_for_file(&self, cx: &Context<'_>) {
        let waker = LocalWaker::new(cx);
        let former = self.with_outgoing(|outgoing| outgoing.file.waker.replace(waker));
        drop(former);
    }

    /// There is room again, or there never will be.
    pub(super) fn wake_file_sender(&self) {
        let waker = self.outgoing.borrow_mut().as_mut().and_then(|outgoing| outgoing.file.waker.take());
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The connection has ended while a file was being sent.
    pub(super) fn lose_file(&self, exc: Option<&Error>) {
        self.with_outgoing(|outgoing| outgoing.file.lost = exc.cloned());
        self.wake_file_sender();
    }

    /// Has the system send a piece as soon as there is room. How long it was; zero is the end of the file.
    pub(super) fn poll_send_file(
        &self,
        cx: &Context<'_>,
        file: &File,
        offset: u64,
        size: usize,
        is_first: bool,
    ) -> Poll<Result<usize>> {
        ready!(self.poll_all_sent(cx))?;
        match self.check_process().and_then(|()| self.channel.send_file(file, offset, size)) {
            Ok(length) => Poll::Ready(Ok(length)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.change(|state| state.set_writable(false));
                self.sleep_for_file(cx);
                Poll::Pending
            }
            Err(error) if is_of_connection(&error) => {
                let error = self.at_peer(error);
                self.lose_by("Fatal write error on", error.clone());
                Poll::Ready(Err(error))
            }
            Err(error) if is_first => Poll::Ready(Err(FilePart::not_available(&error.into()))),
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// Sends a piece that was read by hand, when nothing waits. It is the sender who waits for room, not the protocol, so
    /// flow control and its limits are left alone.
    pub(super) fn send_file_piece(&self, data: &[u8]) {
        match self.send_now(data) {
            Ok(sent) if sent == data.len() => {}
            Ok(sent) => self.with_outgoing(|outgoing| outgoing.buffer.push(data.get(sent..).unwrap_or_default())),
            Err(error) => self.channel_failed("Fatal write error on", error),
        }
    }
}

/// Whether the connection has failed, and not the file.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
            | ErrorKind::TimedOut
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
    )
}
