//! Waiting for the end of a stream without taking anything out of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::reader::StreamReader;
use super::reading::{Attempt, Reading};
use crate::exceptions::Result;

/// What [`StreamReader::at_end`] returns. Whoever drops it finds every byte where it was.
#[derive(Debug)]
pub(crate) struct AtEnd<'a> {
    reading: Reading<'a>,
}

impl StreamReader {
    /// Waits for the end of the stream; what comes in until then is kept, however much it is.
    pub(crate) fn at_end(&mut self) -> AtEnd<'_> {
        AtEnd { reading: Reading::new(self) }
    }

    /// Takes all that is there.
    pub(crate) fn take_all(&mut self) -> Vec<u8> {
        self.shared().read(|incoming| incoming.buffer.take_all())
    }
}

impl Future for AtEnd<'_> {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.reading.poll(
            context,
            |incoming| {
                if incoming.eof { Attempt::Done(Ok(())) } else { Attempt::Needs(usize::MAX) }
            },
        )
    }
}
