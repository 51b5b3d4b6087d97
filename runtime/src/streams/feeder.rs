//! `StreamFeeder`: the hand that feeds a reader.

use std::fmt;
use std::rc::Rc;

use super::shared::Shared;
use crate::exceptions::{Error, Result};

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
