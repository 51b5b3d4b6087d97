//! `open_read_pipe`, `open_write_pipe`, and the three that a program is started with.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::rc::Rc;

use super::protocol::StreamReaderProtocol;
use super::reader::{StreamReader, check_limit};
use super::shared::{DEFAULT_LIMIT, Shared};
use super::writer::StreamWriter;
use crate::endpoints::Creating;
use crate::event_loop::get_running_loop;
use crate::exceptions::Result;
use crate::protocols::ProtocolHandle;
use crate::sys::{self, AsFile, OwnedFile};
use crate::transports::Transport;

/// Reads a pipe, socket, terminal or other character device as a stream.
///
/// It owns the descriptor, as [`connect_read_pipe`](crate::EventLoop::connect_read_pipe) says in all particulars. When the
/// reader is dropped the pipe is closed. A builder with [`limit`](OpenReadPipe::limit); awaiting it gives the errors of
/// that, a `ValueError` if the limit is 0, and a `RuntimeError` if no loop runs.
///
/// In Python it takes a `StreamReaderProtocol` and `loop.connect_read_pipe()`, which is possible here too.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// use std::io::Write;
///
/// asyncio::run(async {
///     let (ours, mut theirs) = std::os::unix::net::UnixStream::pair()?;
///     theirs.write_all(b"one\ntwo\n")?;
///     drop(theirs);
///     let mut reader = asyncio::open_read_pipe(ours).await?;
///     assert_eq!(reader.readline().await?, b"one\n");
///     assert_eq!(reader.read_to_end().await?, b"two\n");
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn open_read_pipe(pipe: impl Into<OwnedFile>) -> OpenReadPipe {
    OpenReadPipe::new(Ok(pipe.into()))
}

/// Reads what the program is given on its standard input, as a stream.
///
/// As [`open_read_pipe`] with a duplicate of the descriptor. Do not read `std::io::stdin()` besides: each would get some
/// of it. Awaiting it gives `ValueError` if the input is a regular file, as after `program < file`; that is read with
/// [`to_thread`](crate::to_thread).
///
/// # Examples
///
/// ```no_run
/// # async fn shout() -> asyncio::Result<()> {
/// let mut input = asyncio::open_stdin().await?;
/// loop {
///     let line = input.readline().await?;
///     if line.is_empty() {
///         return Ok(());
///     }
///     print!("{}", String::from_utf8_lossy(&line).to_uppercase());
/// }
/// # }
/// ```
#[track_caller]
pub fn open_stdin() -> OpenReadPipe {
    OpenReadPipe::new(duplicate(&io::stdin()))
}

/// Writes to a pipe, socket, terminal or other character device as a stream.
///
/// It owns the descriptor, as [`connect_write_pipe`](crate::EventLoop::connect_write_pipe) says in all particulars;
/// [`write_eof`](StreamWriter::write_eof) closes it. Awaiting it gives the errors of that, and a `RuntimeError` if no loop
/// runs.
///
/// In Python it takes a protocol and `loop.connect_write_pipe()`, which is possible here too: see
/// [`StreamReaderProtocol::without_reader`].
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// use std::io::Read;
///
/// asyncio::run(async {
///     let (mut theirs, ours) = std::os::unix::net::UnixStream::pair()?;
///     let writer = asyncio::open_write_pipe(ours).await?;
///     writer.write(b"hello");
///     writer.drain().await?;
///     writer.close();
///     writer.wait_closed().await?;
///     let mut text = String::new();
///     theirs.read_to_string(&mut text)?;
///     assert_eq!(text, "hello");
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn open_write_pipe(pipe: impl Into<OwnedFile>) -> Creating<StreamWriter> {
    write_to(Ok(pipe.into()))
}

/// Writes to the program's standard output as a stream, which never blocks the loop.
///
/// As [`open_write_pipe`] with a duplicate of the descriptor. Awaiting it gives `ValueError` if the output is a regular
/// file, as after `program > file`.
#[track_caller]
pub fn open_stdout() -> Creating<StreamWriter> {
    write_to(duplicate(&io::stdout()))
}

/// Writes to the program's standard error as a stream. As [`open_stdout`].
#[track_caller]
pub fn open_stderr() -> Creating<StreamWriter> {
    write_to(duplicate(&io::stderr()))
}

/// Closing the stream must not close the program's own descriptor.
fn duplicate(own: &impl AsFile) -> Result<OwnedFile> {
    Ok(sys::duplicate(own)?)
}

#[track_caller]
fn write_to(pipe: Result<OwnedFile>) -> Creating<StreamWriter> {
    let protocol = StreamReaderProtocol::without_reader();
    let shared = protocol.shared().clone();
    // No closure: it would hide who calls.
    let connect = match (get_running_loop(), pipe) {
        (Ok(event_loop), Ok(pipe)) => Ok(event_loop.connect_write_pipe(move || protocol, pipe)),
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    Creating::new(async move {
        let (transport, _) = connect?.await?;
        Ok(StreamWriter::of(shared, transport))
    })
}

type Connect = Creating<(Transport, ProtocolHandle<StreamReaderProtocol>)>;

/// A pipe to be read: options, and then `.await`. See [`open_read_pipe`].
#[must_use = "nothing is read until this is awaited: write `.await`"]
pub struct OpenReadPipe {
    connect: Result<Connect>,
    shared: Rc<Shared>,
    limit: usize,
}

impl OpenReadPipe {
    #[track_caller]
    fn new(pipe: Result<OwnedFile>) -> Self {
        let shared = Shared::new(DEFAULT_LIMIT, true);
        shared.reader_is_alone();
        let protocol = StreamReaderProtocol::of(shared.clone());
        let connect = match (get_running_loop(), pipe) {
            (Ok(event_loop), Ok(pipe)) => Ok(event_loop.connect_read_pipe(move || protocol, pipe)),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        Self { connect, shared, limit: DEFAULT_LIMIT }
    }

    /// How many bytes a line may have; 64 KiB. Reading pauses when twice as many have come in and were not read.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl IntoFuture for OpenReadPipe {
    type Output = Result<StreamReader>;
    type IntoFuture = Creating<StreamReader>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { connect, shared, limit } = self;
        Creating::new(async move {
            check_limit(limit)?;
            shared.incoming.borrow_mut().limit = limit;
            // Made before the connection is, so that it is dropped with us if we are cancelled.
            let reader = StreamReader::of(shared);
            connect?.await?;
            Ok(reader)
        })
    }
}

impl fmt::Debug for OpenReadPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenReadPipe").field("connect", &self.connect).field("limit", &self.limit).finish()
    }
}
