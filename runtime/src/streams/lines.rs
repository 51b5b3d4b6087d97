//! The reads that look for a separator: `readline`, `readuntil`, and the stream of lines.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::reader::StreamReader;
use super::reading::{Attempt, Reading};
use super::reads::incomplete;
use super::separators::{Found, Separators};
use super::shared::Incoming;
use crate::exceptions::{Error, LimitOverrunError, Result};

const NEWLINE: Separators<'static> = Separators::one(b"\n");

/// What [`StreamReader::readuntil`] returns.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct ReadUntil<'a> {
    reading: Reading<'a>,
    separators: Separators<'a>,
    searched: usize,
}

impl<'a> ReadUntil<'a> {
    pub(super) fn new(reader: &'a mut StreamReader, separators: Separators<'a>) -> Self {
        Self { reading: Reading::new(reader), separators, searched: 0 }
    }
}

impl Future for ReadUntil<'_> {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        let Self { reading, separators, searched } = &mut *self;
        if reading.is_idle() {
            separators.check()?;
        }
        reading.poll(context, |incoming| match search(incoming, separators, searched) {
            Search::Found(found) => Attempt::Done(Ok(incoming.buffer.take(found.end))),
            Search::Over(found) => Attempt::Done(Err(overrun(found, *searched))),
            Search::Ended => Attempt::Done(Err(incomplete(incoming, None))),
            Search::Needs(wanted) => Attempt::Needs(wanted),
        })
    }
}

/// What [`StreamReader::readline`] returns.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct ReadLine<'a> {
    reading: Reading<'a>,
    searched: usize,
}

impl<'a> ReadLine<'a> {
    pub(super) fn new(reader: &'a mut StreamReader) -> Self {
        Self { reading: Reading::new(reader), searched: 0 }
    }
}

impl Future for ReadLine<'_> {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        let Self { reading, searched } = &mut *self;
        reading.poll(context, |incoming| line(incoming, searched))
    }
}

/// The lines that are left, each with its `\n`, until the end of the stream. Python: `async for line in reader`.
///
/// A line that is too long is an item too, and others follow it; after the error of the connection nothing does.
impl Stream for StreamReader {
    type Item = Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>>>> {
        if self.lines.failed {
            return Poll::Ready(None);
        }
        // Any other read forgets it.
        let mut searched = self.lines.searched;
        let poll = Self::poll(&mut self, context, |incoming| line(incoming, &mut searched));
        match poll {
            Poll::Ready(Ok(line)) if line.is_empty() => Poll::Ready(None),
            Poll::Ready(item) => {
                self.lines.failed = item.is_err() && self.exception().is_some();
                Poll::Ready(Some(item))
            }
            Poll::Pending => {
                self.lines.searched = searched;
                Poll::Pending
            }
        }
    }
}

/// What a search came to.
enum Search {
    Found(Found),
    /// More bytes than the limit: before what was found, or without anything found.
    Over(Option<Found>),
    /// The stream is at its end.
    Ended,
    Needs(usize),
}

/// Looks for a separator behind what was `searched`.
#[inline]
fn search(incoming: &Incoming, separators: &Separators<'_>, searched: &mut usize) -> Search {
    let data = incoming.buffer.as_slice();
    let limit = incoming.limit;
    if data.len() >= *searched + separators.shortest() {
        match separators.find(data, *searched) {
            Some(found) if found.start > limit => return Search::Over(Some(found)),
            Some(found) => return Search::Found(found),
            None => {}
        }
        // The last bytes may be the beginning of one.
        *searched = (data.len() + 1).saturating_sub(separators.longest());
        if *searched > limit {
            return Search::Over(None);
        }
    }
    if incoming.eof { Search::Ended } else { Search::Needs(data.len() + 1) }
}

#[inline]
fn line(incoming: &mut Incoming, searched: &mut usize) -> Attempt<Vec<u8>> {
    match search(incoming, &NEWLINE, searched) {
        Search::Found(found) => Attempt::Done(Ok(incoming.buffer.take(found.end))),
        Search::Ended => Attempt::Done(Ok(incoming.buffer.take_all())),
        Search::Needs(wanted) => Attempt::Needs(wanted),
        Search::Over(found) => {
            let length = found.map_or(incoming.buffer.len(), |found| found.end);
            incoming.buffer.consume(length);
            Attempt::Done(Err(line_too_long(incoming.limit)))
        }
    }
}

#[cold]
fn line_too_long(limit: usize) -> Error {
    Error::value_error(format!(
        "a line has more than {limit} bytes, and was dropped; give the stream a larger limit, or read with readuntil()"
    ))
}

#[cold]
fn overrun(found: Option<Found>, searched: usize) -> Error {
    let (message, consumed) = match found {
        Some(found) => ("a separator is found, but the bytes before it are more than the limit", found.start),
        None => ("no separator is found, and the bytes are more than the limit", searched),
    };
    Error::LimitOverrunError(Arc::new(LimitOverrunError { message: message.to_owned(), consumed }))
}
