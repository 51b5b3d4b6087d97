//! Streams as the futures crates have them: `AsyncRead`, `AsyncBufRead`, `AsyncWrite` and `Sink`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};
use futures_sink::Sink;

use super::reader::StreamReader;
use super::reads::some;
use super::writer::StreamWriter;
use crate::exceptions::{Error, Result};

impl AsyncRead for StreamReader {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, target: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll(context, |incoming| some(incoming, target.len(), |incoming| incoming.buffer.copy_into(target)))
            .map_err(io::Error::from)
    }
}

#[cfg(any(feature = "tokio-io", feature = "hyper"))]
impl StreamReader {
    /// Reads at most `room` bytes, and puts them where `put` knows.
    pub(super) fn poll_put(&mut self, context: &Context<'_>, room: usize, put: impl FnOnce(&[u8])) -> Poll<Result<()>> {
        self.poll(context, |incoming| {
            some(incoming, room, |incoming| {
                let length = incoming.buffer.len().min(room);
                put(incoming.buffer.as_slice().get(..length).unwrap_or_default());
                incoming.buffer.consume(length);
            })
        })
    }
}

impl AsyncBufRead for StreamReader {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.front().is_empty() {
            // Taken out, for what is shared cannot be lent; and not in the loop's memory, which it wants back.
            let taken = this.poll(context, |incoming| {
                some(incoming, 1, |incoming| {
                    incoming.buffer.give_back();
                    std::mem::take(&mut incoming.buffer)
                })
            });
            *this.front() = ready!(taken)?;
        } else if let Some(exception) = this.exception() {
            return Poll::Ready(Err(exception.into()));
        }
        Poll::Ready(Ok(this.front().as_slice()))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.front().consume(amount);
    }
}

/// Takes what the system takes at once; if that is nothing it waits for room. `poll_flush` waits as
/// [`drain`](StreamWriter::drain) does: what was written is sent without further polling. `poll_close` ends the writing
/// side, as [`write_eof`](StreamWriter::write_eof) does, and the connection where that is not possible.
impl AsyncWrite for StreamWriter {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let (shared, transport, stage) = self.parts();
        ready!(shared.poll_drain(stage, transport, context))?;
        let sent = transport.try_write(data)?;
        if sent > 0 || data.is_empty() {
            return Poll::Ready(Ok(sent));
        }
        if !shared.outgoing.paused.get() {
            // It could not be told that there is no room, so it would not be told that there is.
            transport.write(data);
            return Poll::Ready(Ok(data.len()));
        }
        shared.poll_drain(stage, transport, context).map_ok(|()| 0).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_room(context).map_err(io::Error::from)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_end(context).map_err(io::Error::from)
    }
}

/// Each item is written as a whole; there is room as [`drain`](StreamWriter::drain) has it.
impl<T: AsRef<[u8]>> Sink<T> for StreamWriter {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_room(context)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<()> {
        self.write(item);
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_room(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll_end(context)
    }
}

impl StreamWriter {
    /// As [`drain`](Self::drain).
    pub(super) fn poll_room(&mut self, context: &Context<'_>) -> Poll<Result<()>> {
        let (shared, transport, stage) = self.parts();
        shared.poll_drain(stage, transport, context)
    }

    /// Says that nothing more will be written; it is sent in any case.
    pub(super) fn poll_end(&mut self, context: &Context<'_>) -> Poll<Result<()>> {
        if self.is_closing() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_room(context))?;
        if self.can_write_eof() {
            self.write_eof()
        } else {
            self.close()
        }
        Poll::Ready(Ok(()))
    }
}
