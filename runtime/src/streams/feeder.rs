//! Feeding a reader by hand; and `StreamFeeder`, the hand that feeds one which is being read.

use std::fmt;
use std::rc::Rc;

use super::reader::StreamReader;
use super::shared::Shared;
use crate::exceptions::{Error, Result};
use crate::transports::Transport;

/// Feeds a [`StreamReader`](crate::StreamReader) that is being read. See [`StreamReader::feeder`](crate::StreamReader::feeder).
///
/// A clonable handle. In Python the reader itself is one; here a reader that waits is borrowed.
#[derive(Clone)]
pub struct StreamFeeder {
    shared: Rc<Shared>,
}

impl StreamFeeder {
    pub(super) fn new(shared: Rc<Shared>) -> Self {
        Self { shared }
    }

    /// Acts as if `data` had come in. Python: `StreamReader.feed_data()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` after [`feed_eof`](Self::feed_eof).
    pub fn feed_data(&self, data: &[u8]) -> Result<()> {
        self.shared.feed_by_hand(data)
    }

    /// Acts as if the peer had ended the stream. Python: `StreamReader.feed_eof()`.
    pub fn feed_eof(&self) {
        self.shared.feed_eof();
    }

    /// From now on every read fails with this. Python: `StreamReader.set_exception()`.
    pub fn set_exception(&self, exception: impl Into<Error>) {
        self.shared.set_exception(exception.into());
    }
}

impl fmt::Debug for StreamFeeder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamFeeder").finish_non_exhaustive()
    }
}

impl StreamReader {
    /// Acts as if `data` had come in. Python: `StreamReader.feed_data()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` after [`feed_eof`](Self::feed_eof).
    pub fn feed_data(&self, data: &[u8]) -> Result<()> {
        self.peek().feed_by_hand(data)
    }

    /// Acts as if the peer had ended the stream. Python: `StreamReader.feed_eof()`.
    pub fn feed_eof(&self) {
        self.peek().feed_eof();
    }

    /// From now on every read fails with this. Python: `StreamReader.set_exception()`.
    pub fn set_exception(&self, exception: impl Into<Error>) {
        self.peek().set_exception(exception.into());
    }

    /// Which transport is paused when too much comes in. Python: `StreamReader.set_transport()`.
    ///
    /// Only for readers that are fed by hand.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if there is one already.
    pub fn set_transport(&self, transport: &Transport) -> Result<()> {
        if self.peek().set_transport(transport) {
            return Ok(());
        }
        Err(Error::runtime_error("this reader has a transport already; make a new reader for another connection"))
    }

    /// Feeds this reader from elsewhere, while it is being read.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     let feeder = reader.feeder();
    ///     asyncio::get_running_loop()?.call_soon(move || feeder.feed_eof())?;
    ///     assert_eq!(reader.read(1).await?, b"");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn feeder(&self) -> StreamFeeder {
        StreamFeeder::new(self.peek().clone())
    }
}
