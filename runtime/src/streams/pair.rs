//! `StreamPair`: both sides of a stream in one value.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};

use super::reader::StreamReader;
use super::writer::StreamWriter;

/// A reader and its writer as one, for code that wants one value to read from and write to.
///
/// It has the traits of both sides. Made of the pair that [`open_connection`](crate::open_connection()) gives.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// use asyncio::StreamPair;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// asyncio::run(async {
///     let server = asyncio::start_server(
///         async |reader, writer| {
///             let mut stream = StreamPair::new(reader, writer);
///             let mut greeting = [0; 5];
///             stream.read_exact(&mut greeting).await?;
///             stream.write_all(&greeting).await?;
///             stream.close().await
///         },
///         "127.0.0.1",
///         0,
///     )
///     .await?;
///     let port = server.sockets()[0].getsockname()?.port();
///     let mut stream = StreamPair::from(asyncio::open_connection("127.0.0.1", port).await?);
///     stream.write_all(b"hello").await?;
///     let mut answer = String::new();
///     stream.read_to_string(&mut answer).await?;
///     assert_eq!(answer, "hello");
///     server.close();
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct StreamPair {
    /// The side that reads.
    pub reader: StreamReader,
    /// The side that writes.
    pub writer: StreamWriter,
}

impl StreamPair {
    /// Puts the two sides together.
    pub fn new(reader: StreamReader, writer: StreamWriter) -> Self {
        Self { reader, writer }
    }

    pub(super) fn reader_pin(self: Pin<&mut Self>) -> Pin<&mut StreamReader> {
        Pin::new(&mut self.get_mut().reader)
    }

    pub(super) fn writer_pin(self: Pin<&mut Self>) -> Pin<&mut StreamWriter> {
        Pin::new(&mut self.get_mut().writer)
    }
}

impl From<(StreamReader, StreamWriter)> for StreamPair {
    fn from((reader, writer): (StreamReader, StreamWriter)) -> Self {
        Self { reader, writer }
    }
}

impl AsyncRead for StreamPair {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, target: &mut [u8]) -> Poll<io::Result<usize>> {
        self.reader_pin().poll_read(context, target)
    }
}

impl AsyncBufRead for StreamPair {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.reader_pin().poll_fill_buf(context)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.reader_pin().consume(amount);
    }
}

impl AsyncWrite for StreamPair {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.writer_pin().poll_write(context, data)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(self.writer_pin(), context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_close(self.writer_pin(), context)
    }
}

impl fmt::Debug for StreamPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamPair").field("reader", &self.reader).field("writer", &self.writer).finish()
    }
}
