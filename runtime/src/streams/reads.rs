//! The reads that count bytes: what `read`, `read_to_end`, `readexactly`, `read_into`, `read_buf`
//! and `read_with` return.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::reader::StreamReader;
use super::reading::{Attempt, Reading};
use super::shared::Incoming;
use crate::exceptions::{Error, IncompleteReadError, LimitOverrunError, Result};

/// What [`StreamReader::read`] returns.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct Read<'a> {
    reading: Reading<'a>,
    n: usize,
}

impl<'a> Read<'a> {
    #[inline]
    pub(super) fn new(reader: &'a mut StreamReader, n: usize) -> Self {
        Self { reading: Reading::new(reader), n }
    }
}

impl Future for Read<'_> {
    type Output = Result<Vec<u8>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        let n = self.n;
        self.reading.poll(context, |incoming| some(incoming, n, |incoming| incoming.buffer.take(n)))
    }
}

/// What [`StreamReader::read_to_end`] returns.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct ReadToEnd<'a> {
    reading: Reading<'a>,
    limit_total: Option<usize>,
}

impl<'a> ReadToEnd<'a> {
    pub(super) fn new(reader: &'a mut StreamReader) -> Self {
        Self { reading: Reading::new(reader), limit_total: None }
    }

    /// At most so many bytes; without it there is no bound, and a peer that never ends takes all memory.
    ///
    /// If there are more, awaiting it gives [`LimitOverrunError`](crate::LimitOverrunError), and they stay to be read.
    pub fn limit_total(mut self, bytes: usize) -> Self {
        self.limit_total = Some(bytes);
        self
    }
}

impl Future for ReadToEnd<'_> {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        let limit = self.limit_total;
        self.reading.poll(context, |incoming| {
            let length = incoming.buffer.len();
            match limit {
                Some(limit) if length > limit => Attempt::Done(Err(too_much(limit))),
                _ if incoming.eof => Attempt::Done(Ok(incoming.buffer.take_all())),
                _ => Attempt::Needs(limit.map_or(usize::MAX, |limit| limit.saturating_add(1))),
            }
        })
    }
}

#[cold]
fn too_much(limit: usize) -> Error {
    let message = format!("the stream has more than the {limit} bytes that limit_total() allows");
    Error::LimitOverrunError(Arc::new(LimitOverrunError { message, consumed: limit }))
}

/// What [`StreamReader::readexactly`] returns.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct ReadExactly<'a> {
    reading: Reading<'a>,
    n: usize,
}

impl<'a> ReadExactly<'a> {
    pub(super) fn new(reader: &'a mut StreamReader, n: usize) -> Self {
        Self { reading: Reading::new(reader), n }
    }
}

impl Future for ReadExactly<'_> {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Vec<u8>>> {
        let n = self.n;
        self.reading.poll(context, |incoming| {
            if incoming.buffer.len() >= n {
                Attempt::Done(Ok(if n == 0 { Vec::new() } else { incoming.buffer.take(n) }))
            } else if incoming.eof {
                Attempt::Done(Err(incomplete(incoming, Some(n))))
            } else {
                Attempt::Needs(n)
            }
        })
    }
}

/// The stream ended too early: what there is goes with the error.
#[cold]
pub(super) fn incomplete(incoming: &mut Incoming, expected: Option<usize>) -> Error {
    let partial = incoming.buffer.take_all();
    Error::IncompleteReadError(Arc::new(IncompleteReadError { partial, expected }))
}

/// What [`StreamReader::read_into`] returns.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct ReadInto<'a> {
    reading: Reading<'a>,
    target: &'a mut [u8],
}

impl<'a> ReadInto<'a> {
    pub(super) fn new(reader: &'a mut StreamReader, target: &'a mut [u8]) -> Self {
        Self { reading: Reading::new(reader), target }
    }
}

impl Future for ReadInto<'_> {
    type Output = Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<usize>> {
        let Self { reading, target } = &mut *self;
        reading.poll(context, |incoming| some(incoming, target.len(), |incoming| incoming.buffer.copy_into(target)))
    }
}

/// Some bytes as soon as there are any, or none at the end, or where none are wanted.
#[inline]
pub(super) fn some<T>(incoming: &mut Incoming, n: usize, take: impl FnOnce(&mut Incoming) -> T) -> Attempt<T>
where
    T: Default,
{
    if n == 0 {
        Attempt::Done(Ok(T::default()))
    } else if !incoming.buffer.is_empty() || incoming.eof {
        Attempt::Done(Ok(take(incoming)))
    } else {
        Attempt::Needs(1)
    }
}

/// What [`StreamReader::read_buf`] returns.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct ReadBuf<'a> {
    reading: Reading<'a>,
    target: &'a mut Vec<u8>,
}

impl<'a> ReadBuf<'a> {
    #[inline]
    pub(super) fn new(reader: &'a mut StreamReader, target: &'a mut Vec<u8>) -> Self {
        Self { reading: Reading::new(reader), target }
    }
}

impl Future for ReadBuf<'_> {
    type Output = Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<usize>> {
        let Self { reading, target } = &mut *self;
        reading.poll(context, |incoming| {
            let length = incoming.buffer.len();
            some(incoming, usize::MAX, |incoming| {
                incoming.buffer.take_all_into(target);
                length
            })
        })
    }
}

/// What [`StreamReader::read_with`] returns.
#[must_use = "nothing is read until it is awaited: write `.await`"]
pub struct ReadWith<'a, F> {
    reading: Reading<'a>,
    look: Option<F>,
}

impl<'a, F> ReadWith<'a, F> {
    #[inline]
    pub(super) fn new(reader: &'a mut StreamReader, look: F) -> Self {
        Self { reading: Reading::new(reader), look: Some(look) }
    }
}

/// The function is never pinned.
impl<F> Unpin for ReadWith<'_, F> {}

impl<F, R> Future for ReadWith<'_, F>
where
    F: FnOnce(&[u8]) -> R,
{
    type Output = Result<R>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<R>> {
        ready!(self.reading.poll(context, |incoming| some(incoming, usize::MAX, |_| ())))?;
        let look = self.look.take().expect("a future that is ready is not polled again");
        // Out of what is shared, for the function may do anything. Taken on the way above it would be moved three times.
        let data = self.reading.shared().read(|incoming| std::mem::take(&mut incoming.buffer));
        Poll::Ready(Ok(look(data.as_slice())))
    }
}

impl<F> fmt::Debug for ReadWith<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadWith").field("reading", &self.reading).finish_non_exhaustive()
    }
}
