//! Sending a part of a file, by whatever takes its bytes: what `sock_sendfile` and `sendfile` have in common.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::constants::SENDFILE_FALLBACK_READBUFFER_SIZE;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Message, Result};
use crate::sys;
use crate::wait::sleep;

/// What one call may send.
const PIECE: usize = 1 << 20;
/// After so many calls the others have their turn.
const CALLS: usize = 4;

/// The options of the two methods that send a file.
macro_rules! part_of_a_file {
    () => {
        /// From which byte of the file on; from the first unless this is called.
        pub fn offset(mut self, offset: u64) -> Self {
            self.part.offset = offset;
            self
        }

        /// How many bytes at most; to the end of the file unless this is called.
        pub fn count(mut self, count: u64) -> Self {
            self.part.count = Some(count);
            self
        }

        /// Whether a file that the system's call cannot send is read and sent by hand; it is unless this is called.
        pub fn fallback(mut self, enabled: bool) -> Self {
            self.part.fallback = enabled;
            self
        }
    };
}
pub(crate) use part_of_a_file;

/// Which part of which file.
#[derive(Debug)]
pub(crate) struct FilePart<'a> {
    pub(crate) file: &'a File,
    pub(crate) offset: u64,
    /// `None`: to the end.
    pub(crate) count: Option<u64>,
    pub(crate) fallback: bool,
}

/// How much was sent; the file's position follows when this is dropped, at the end, by an error or a cancel.
struct Sent<'a> {
    file: &'a File,
    offset: u64,
    bytes: Cell<u64>,
}

impl Sent<'_> {
    fn add(&self, length: usize) {
        self.bytes.set(self.bytes.get() + length as u64);
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        if self.bytes.get() > 0 {
            // What has no position, such as a pipe, says so; there is nothing to correct then.
            let _ = sys::set_position(self.file, self.offset + self.bytes.get());
        }
    }
}

impl<'a> FilePart<'a> {
    pub(crate) fn new(file: &'a File) -> Self {
        Self { file, offset: 0, count: None, fallback: true }
    }

    /// Sends it by `native`, which is asked for one piece at a time (from where, how many bytes, whether it is the
    /// first), or if that gives `SendfileNotAvailableError`, by `by_hand`, which gets bytes that were read, and adds how
    /// many of them will arrive even if nobody waits for it any more; after an error they do not count.
    pub(crate) async fn send<F>(
        &self,
        event_loop: &EventLoop,
        native: impl Fn(u64, usize, bool) -> F,
        by_hand: impl AsyncFn(Vec<u8>, &Cell<u64>) -> Result<()>,
    ) -> Result<u64>
    where
        F: Future<Output = Result<usize>>,
    {
        if self.count == Some(0) {
            return Err(Error::value_error("sendfile: count must be at least 1; without it all of the file is sent"));
        }
        let sent = Sent { file: self.file, offset: self.offset, bytes: Cell::new(0) };
        match self.send_natively(native, &sent).await {
            Err(Error::SendfileNotAvailableError(_)) if self.fallback => {
                self.send_by_hand(event_loop, by_hand, &sent).await?;
            }
            result => result?,
        }
        Ok(sent.bytes.get())
    }

    /// The error of a first call: the file may still be sent by hand, and if not, that gives the error.
    pub(crate) fn not_available(error: &Error) -> Error {
        Error::SendfileNotAvailableError(Message::new(format!("the system cannot send this file here: {error}")))
    }

    async fn send_natively<F>(&self, native: impl Fn(u64, usize, bool) -> F, sent: &Sent<'_>) -> Result<()>
    where
        F: Future<Output = Result<usize>>,
    {
        if !sys::is_regular(self.file)? {
            return Err(Error::SendfileNotAvailableError(Message::new("it is not a regular file")));
        }
        let mut calls = 0;
        while let Some(size) = self.next(sent.bytes.get(), PIECE) {
            let before = sent.bytes.get();
            let length = native(self.offset + before, size, before == 0).await?;
            if length == 0 {
                break;
            }
            sent.add(length);
            calls += 1;
            if calls % CALLS == 0 {
                sleep(Duration::ZERO).await;
            }
        }
        Ok(())
    }

    async fn send_by_hand(
        &self,
        event_loop: &EventLoop,
        by_hand: impl AsyncFn(Vec<u8>, &Cell<u64>) -> Result<()>,
        sent: &Sent<'_>,
    ) -> Result<()> {
        let regular = sys::is_regular(self.file)?;
        while let Some(size) = self.next(sent.bytes.get(), SENDFILE_FALLBACK_READBUFFER_SIZE) {
            let file = self.file.try_clone()?;
            let before = sent.bytes.get();
            let offset = regular.then_some(self.offset + before);
            // Files block, whatever they are told.
            let data = event_loop.run_in_executor(None, move || sys::read_piece(&file, offset, size))?.await?;
            if data.is_empty() {
                break;
            }
            let length = data.len();
            let outcome = by_hand(data, &sent.bytes).await;
            sent.bytes.set(before);
            outcome?;
            sent.add(length);
        }
        Ok(())
    }

    /// How large the next piece may be, if there is one.
    fn next(&self, sent: u64, most: usize) -> Option<usize> {
        let left = self.count.map_or(u64::MAX, |count| count - sent);
        (left > 0).then(|| usize::try_from(left).map_or(most, |left| left.min(most)))
    }
}

/// A file that is being sent.
///
/// # Cancellation
///
/// A part of the file may have been sent; the file's position says how much.
#[must_use = "nothing is sent until this is awaited: write `.await`"]
pub struct SendingFile<'a> {
    work: Pin<Box<dyn Future<Output = Result<u64>> + 'a>>,
}

impl<'a> SendingFile<'a> {
    pub(crate) fn new(work: impl Future<Output = Result<u64>> + 'a) -> Self {
        Self { work: Box::pin(work) }
    }
}

impl Future for SendingFile<'_> {
    type Output = Result<u64>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<u64>> {
        self.work.as_mut().poll(cx)
    }
}

impl fmt::Debug for SendingFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendingFile").finish_non_exhaustive()
    }
}
