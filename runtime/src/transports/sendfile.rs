//! `sendfile`: a file through a transport.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::future::{Future, IntoFuture, poll_fn};
use std::task::{Context, Poll};

use super::{Io, Transport};
use crate::cancellation::is_marked;
use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::net::{FilePart, SendingFile, part_of_a_file};
use crate::trace::{WaitsFor, address_of, waits_for};

impl EventLoop {
    /// Sends a file through a transport, by the system's own call where it has one. Python: `loop.sendfile()`.
    ///
    /// Awaiting gives how many bytes were sent. [`offset`](Sendfile::offset), [`count`](Sendfile::count) and
    /// [`fallback`](Sendfile::fallback) are options. Afterwards the file's position is behind the last byte that
    /// was sent, also after an error or a cancel; it stays where it was if nothing was sent.
    ///
    /// What was written before leaves first. Until the file is sent the connection is the file's alone: nothing is
    /// received, [`write`](Transport::write) is a mistake that goes to the exception handler and whose data is dropped,
    /// and [`write_eof`](Transport::write_eof) and [`close`](Transport::close) take effect afterwards.
    /// [`abort`](Transport::abort) takes effect at once.
    ///
    /// The system reads the file, and the loop waits as long as the disk needs for what is not in memory. Sockets have
    /// such a call on Linux and on Apple's systems; over TLS it is of no use. What is read and sent by hand is read in the default executor, in
    /// pieces of 256 KiB, one at a time.
    ///
    /// - `RuntimeError` if the transport is closing, was ended by `write_eof`, or sends a file already;
    /// - `ValueError` if `count` is 0;
    /// - `SendfileNotAvailableError` without the fallback, where the call cannot send this file here;
    /// - `OsError`, with the peer's address if it has one, if the connection ends meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    ///
    /// use asyncio::Transport;
    ///
    /// struct Download;
    ///
    /// #[asyncio::protocol(lines)]
    /// impl Download {
    ///     async fn line_received(&mut self, transport: &Transport) -> asyncio::Result<()> {
    ///         let file = File::open("data.bin")?;
    ///         transport.write(b"here it is\n");
    ///         asyncio::get_running_loop()?.sendfile(transport, &file).await?;
    ///         transport.write(b"that was it\n");
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn sendfile<'a>(&self, transport: &'a Transport, file: &'a File) -> Sendfile<'a> {
        Sendfile { event_loop: self.clone(), transport, part: FilePart::new(file) }
    }
}

/// A file to be sent: options, and then `.await`. See [`EventLoop::sendfile`].
///
/// # Cancellation
///
/// A part of the file may have been sent; the file's position says how much. What was read by hand and waits in the
/// transport is still sent, and counts.
#[must_use = "nothing is sent until this is awaited: write `.await`"]
pub struct Sendfile<'a> {
    event_loop: EventLoop,
    transport: &'a Transport,
    part: FilePart<'a>,
}

impl Sendfile<'_> {
    part_of_a_file!();
}

impl<'a> IntoFuture for Sendfile<'a> {
    type Output = Result<u64>;
    type IntoFuture = SendingFile<'a>;

    fn into_future(self) -> SendingFile<'a> {
        SendingFile::new(send(self))
    }
}

async fn send(this: Sendfile<'_>) -> Result<u64> {
    let Sendfile { event_loop, transport, part } = this;
    let io = &*transport.0;
    let _turn = Turn::begin(io)?;
    until(io, |cx| io.poll_all_sent(cx)).await?;
    let native = |offset, size, is_first| until(io, move |cx| io.poll_send_file(cx, part.file, offset, size, is_first));
    let by_hand = async |data: Vec<u8>, sent: &Cell<u64>| {
        io.send_file_piece(&data);
        // The transport sends it, whatever becomes of this call.
        sent.set(sent.get() + data.len() as u64);
        until(io, |cx| io.poll_all_sent(cx)).await
    };
    part.send(&event_loop, native, by_hand).await
}

/// The connection is the file's alone until this is dropped.
struct Turn<'a>(&'a dyn Io);

impl<'a> Turn<'a> {
    fn begin(io: &'a dyn Io) -> Result<Self> {
        io.begin_sending_file()?;
        Ok(Self(io))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.end_sending_file();
    }
}

/// Waits for the transport. Once it has waited, a cancel is the end of it.
fn until<T>(io: &dyn Io, mut poll: impl FnMut(&Context<'_>) -> Poll<Result<T>>) -> impl Future<Output = Result<T>> {
    let mut has_waited = false;
    poll_fn(move |cx| {
        let outcome = if has_waited && is_marked() { Poll::Pending } else { poll(cx) };
        if outcome.is_pending() {
            has_waited = true;
            waits_for(WaitsFor::SendFile, address_of(io));
        }
        outcome
    })
}

impl fmt::Debug for Sendfile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sendfile").field("transport", self.transport).field("part", &self.part).finish()
    }
}
