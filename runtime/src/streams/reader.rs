//! `StreamReader`: the side of a stream that reads.

use std::fmt;
use std::rc::Rc;

use super::buffer::ReadBuffer;
use super::lines::{ReadLine, ReadUntil};
use super::reads::{Read, ReadBuf, ReadExactly, ReadInto, ReadToEnd, ReadWith};
use super::separators::Separators;
use super::shared::{DEFAULT_LIMIT, Shared};
use crate::exceptions::{Error, Result};

/// Reads what comes in on a stream. Python: `asyncio.StreamReader`.
///
/// From [`open_connection`](crate::open_connection()) and [`start_server`](crate::start_server()). Reading borrows it
/// mutably, so that a second read while one waits, for which Python raises `RuntimeError`, does not compile. Dropped, it
/// goes on receiving and forgets what comes in, until the writer is closed.
///
/// A reader pauses its transport when more than twice the limit has come in and nobody has read it, and resumes it
/// once no more than the limit is left: a peer that sends faster than the program reads has to wait.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let mut reader = asyncio::StreamReader::new();
///     reader.feed_data(b"first line\nsecond")?;
///     reader.feed_eof();
///     assert_eq!(reader.readline().await?, b"first line\n");
///     assert_eq!(reader.readline().await?, b"second");
///     assert!(reader.at_eof());
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct StreamReader {
    shared: Rc<Shared>,
    /// Taken out of the shared buffer by `AsyncBufRead`, which lends it. It comes before what stands there.
    front: ReadBuffer,
    /// A read waits; then it must not take anything once its task is being cancelled.
    pub(super) waiting: bool,
    /// Of who reads lines by polling.
    pub(super) lines: Lines,
}

/// What is known between two polls of the stream of lines.
#[derive(Default)]
pub(super) struct Lines {
    /// How much of the buffer has no end of a line.
    pub(super) searched: usize,
    /// The error of the connection was an item.
    pub(super) failed: bool,
}

impl StreamReader {
    /// A reader without a connection, to be fed by hand. Python: `asyncio.StreamReader()`.
    pub fn new() -> Self {
        Self::of(Shared::new(DEFAULT_LIMIT, true))
    }

    /// As [`new`](Self::new), with another limit than 64 KiB.
    ///
    /// # Errors
    ///
    /// `ValueError` if the limit is 0.
    pub fn with_limit(limit: usize) -> Result<Self> {
        check_limit(limit)?;
        Ok(Self::of(Shared::new(limit, true)))
    }

    pub(super) fn of(shared: Rc<Shared>) -> Self {
        Self { shared, front: ReadBuffer::default(), waiting: false, lines: Lines::default() }
    }

    /// Reads at least one byte and at most `n`, as soon as there is one. Python: `StreamReader.read(n)`.
    ///
    /// At the end of the stream it gives nothing. `n` may be more than the limit. With an `n` of zero it gives nothing
    /// at once. For Python's `read(-1)`, or `read()`, see [`read_to_end`](Self::read_to_end).
    ///
    /// # Errors
    ///
    /// That of the connection, if it ended with one: always, even if data has come in before.
    ///
    /// # Cancellation
    ///
    /// No byte is lost: what has come in stays for the next read. This holds for every read here.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     reader.feed_data(b"some data")?;
    ///     assert_eq!(reader.read(4).await?, b"some");
    ///     assert_eq!(reader.read(100).await?, b" data");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[inline]
    pub fn read(&mut self, n: usize) -> Read<'_> {
        Read::new(self, n)
    }

    /// Reads until the end of the stream. Python: `StreamReader.read()`.
    ///
    /// What the peer sends is all kept in memory: if you do not trust it, say how much it may be with
    /// [`limit_total`](ReadToEnd::limit_total).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     reader.feed_data(b"everything")?;
    ///     reader.feed_eof();
    ///     assert_eq!(reader.read_to_end().limit_total(1 << 20).await?, b"everything");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[doc(alias = "read(-1)")]
    pub fn read_to_end(&mut self) -> ReadToEnd<'_> {
        ReadToEnd::new(self)
    }

    /// Reads `n` bytes, no more and no less. Python: `StreamReader.readexactly()`.
    ///
    /// `n` may be more than the limit; so much is kept in memory.
    ///
    /// # Errors
    ///
    /// [`IncompleteReadError`](crate::IncompleteReadError) with what there was, which is taken, if the stream ends
    /// before; and as [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     reader.feed_data(b"\0\x02hi!")?;
    ///     reader.feed_eof();
    ///     assert_eq!(reader.readexactly(2).await?, b"\0\x02");
    ///     match reader.readexactly(5).await {
    ///         Err(asyncio::Error::IncompleteReadError(error)) => assert_eq!(error.partial, b"hi!"),
    ///         other => panic!("{other:?}"),
    ///     }
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn readexactly(&mut self, n: usize) -> ReadExactly<'_> {
        ReadExactly::new(self, n)
    }

    /// Reads a line with its `\n`. Python: `StreamReader.readline()`.
    ///
    /// The last one may have none; at the end of the stream it gives nothing.
    ///
    /// # Errors
    ///
    /// `ValueError` if the line, without its end, has more bytes than the limit. If its end has come in the line is
    /// dropped, else everything that has come in. And as [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     reader.feed_data(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")?;
    ///     assert_eq!(reader.readline().await?, b"GET / HTTP/1.1\r\n");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn readline(&mut self) -> ReadLine<'_> {
        ReadLine::new(self)
    }

    /// Reads until `separator`, and that too. Python: `StreamReader.readuntil()`.
    ///
    /// Of several separators, see [`Separators`], the one counts that ends first; of two that end together the shorter.
    /// No byte is searched twice, but for those that may be the beginning of a separator.
    ///
    /// # Errors
    ///
    /// Each of these but the second leaves everything as it is, for another read:
    ///
    /// - `ValueError` if there is no separator, or an empty one;
    /// - [`IncompleteReadError`](crate::IncompleteReadError) with what there was, which is taken, if the stream ends
    ///   before;
    /// - [`LimitOverrunError`](crate::LimitOverrunError) if there are more bytes than the limit before the separator;
    ///   as many as its `consumed` says are certainly no part of one, so `readexactly(consumed)` gets past them;
    /// - as [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     reader.feed_data(b"one;two\r\nthree")?;
    ///     assert_eq!(reader.readuntil(";").await?, b"one;");
    ///     assert_eq!(reader.readuntil((";", "\r\n")).await?, b"two\r\n");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn readuntil<'a>(&'a mut self, separator: impl Into<Separators<'a>>) -> ReadUntil<'a> {
        ReadUntil::new(self, separator.into())
    }

    /// As [`read`](Self::read), into memory of the caller's; says how many bytes there were.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     reader.feed_data(b"data")?;
    ///     let mut head = [0; 2];
    ///     assert_eq!(reader.read_into(&mut head).await?, 2);
    ///     assert_eq!(&head, b"da");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[doc(alias = "readinto")]
    pub fn read_into<'a>(&'a mut self, target: &'a mut [u8]) -> ReadInto<'a> {
        ReadInto::new(self, target)
    }

    /// Appends all that there is to `target`, at least one byte; says how many there were, 0 at the end of the stream.
    ///
    /// A loop which clears `target` and reads again allocates nothing, and copies once what comes while it waits.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let mut reader = asyncio::StreamReader::new();
    ///     reader.feed_data(b"more")?;
    ///     let mut data = b"and ".to_vec();
    ///     assert_eq!(reader.read_buf(&mut data).await?, 4);
    ///     assert_eq!(data, b"and more");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn read_buf<'a>(&'a mut self, target: &'a mut Vec<u8>) -> ReadBuf<'a> {
        ReadBuf::new(self, target)
    }

    /// Lends all that there is, at least one byte, to `look`, and gives what that returns; nothing at the end of the stream.
    ///
    /// The bytes have been read then. Those that come while this waits are lent where the system has put them, so
    /// nothing is copied: the fastest read.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); then `look` is not called.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::{StreamReader, StreamWriter};
    ///
    /// async fn echo(mut reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    ///     let mut send = |data: &[u8]| {
    ///         writer.write(data);
    ///         data.len()
    ///     };
    ///     while reader.read_with(&mut send).await? > 0 {
    ///         writer.drain().await?;
    ///     }
    ///     writer.close();
    ///     writer.wait_closed().await
    /// }
    /// ```
    #[inline]
    pub fn read_with<F, R>(&mut self, look: F) -> ReadWith<'_, F>
    where
        F: FnOnce(&[u8]) -> R,
    {
        ReadWith::new(self, look)
    }

    /// Whether everything has been read and no more will come. Python: `StreamReader.at_eof()`.
    pub fn at_eof(&self) -> bool {
        let incoming = self.shared.incoming.borrow();
        incoming.eof && incoming.buffer.is_empty() && self.front.is_empty()
    }

    /// Why nothing can be read any more, if there is a reason. Python: `StreamReader.exception()`.
    pub fn exception(&self) -> Option<Error> {
        self.shared.exception()
    }

    /// How many bytes a line may have.
    pub fn limit(&self) -> usize {
        self.shared.incoming.borrow().limit
    }

    /// What is shared, with every byte in it.
    #[inline]
    pub(super) fn shared(&mut self) -> &Rc<Shared> {
        self.lines.searched = 0;
        if !self.front.is_empty() {
            let front = std::mem::take(&mut self.front);
            self.shared.incoming.borrow_mut().buffer.put_back(front);
        }
        &self.shared
    }

    pub(super) fn peek(&self) -> &Rc<Shared> {
        &self.shared
    }

    pub(super) fn front(&mut self) -> &mut ReadBuffer {
        &mut self.front
    }
}

/// A limit of zero would let nothing through.
pub(super) fn check_limit(limit: usize) -> Result<()> {
    if limit == 0 {
        return Err(Error::value_error("the limit of a stream must be more than 0; 64 KiB is the default"));
    }
    Ok(())
}

impl Default for StreamReader {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for StreamReader {
    fn drop(&mut self) {
        self.shared.reader_dropped();
    }
}

impl fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<StreamReader {:?}", self.shared.incoming.borrow())?;
        if let Some(transport) = self.shared.transport() {
            write!(f, " transport={transport:?}")?;
        }
        f.write_str(">")
    }
}
