//! `open_unix_connection`.

use std::fmt;
use std::future::IntoFuture;
use std::rc::Rc;

use super::open::{Opening, open};
use super::protocol::StreamReaderProtocol;
use super::reader::StreamReader;
use super::shared::{DEFAULT_LIMIT, Shared};
use super::writer::StreamWriter;
use crate::endpoints::{CreateUnixConnection, Creating};
use crate::event_loop::get_running_loop;
use crate::exceptions::Result;
use crate::sys::UnixAddress;

/// Connects to the server of a unix socket, and gives the two sides of the stream. Python:
/// `asyncio.open_unix_connection()`.
///
/// Awaiting it gives the errors of [`create_unix_connection`](crate::EventLoop::create_unix_connection), a `ValueError`
/// if the limit is 0, and a `RuntimeError` if no loop runs. For a socket that is connected already there is
/// [`open_connection_with_sock`](crate::open_connection_with_sock()).
///
/// # Cancellation
///
/// What was opened on the way is closed.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let path = std::env::temp_dir().join(format!("asyncio-lines-{}", std::process::id()));
///     let greet = async |_reader, writer: asyncio::StreamWriter| {
///         writer.write("hello\n");
///         writer.close();
///     };
///     let server = asyncio::start_unix_server(greet, &path).await?;
///     let (mut reader, writer) = asyncio::open_unix_connection(&path).limit(1024).await?;
///     assert_eq!(reader.readline().await?, b"hello\n");
///     writer.close();
///     server.close();
///     server.wait_closed().await
/// })
/// # }
/// ```
#[track_caller]
pub fn open_unix_connection(path: impl Into<UnixAddress>) -> OpenUnixConnection {
    let Opening { shared, protocol } = Opening::new();
    let create = match get_running_loop() {
        Ok(event_loop) => Ok(event_loop.create_unix_connection(move || protocol, path)),
        Err(error) => Err(error),
    };
    OpenUnixConnection { create, shared, limit: DEFAULT_LIMIT }
}

/// A stream to be opened: options, and then `.await`. See [`open_unix_connection`].
#[must_use = "nothing is connected until this is awaited: write `.await`"]
pub struct OpenUnixConnection {
    create: Result<CreateUnixConnection<StreamReaderProtocol>>,
    shared: Rc<Shared>,
    limit: usize,
}

impl OpenUnixConnection {
    #[cfg(feature = "tls")]
    pub(super) fn with(
        mut self,
        option: impl FnOnce(CreateUnixConnection<StreamReaderProtocol>) -> CreateUnixConnection<StreamReaderProtocol>,
    ) -> Self {
        self.create = self.create.map(option);
        self
    }

    /// How many bytes a line may have; 64 KiB. Reading pauses when twice as many have come in and were not read.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl IntoFuture for OpenUnixConnection {
    type Output = Result<(StreamReader, StreamWriter)>;
    type IntoFuture = Creating<(StreamReader, StreamWriter)>;

    fn into_future(self) -> Self::IntoFuture {
        Creating::new(open(self.create, self.shared, self.limit))
    }
}

impl fmt::Debug for OpenUnixConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenUnixConnection").field("create", &self.create).field("limit", &self.limit).finish()
    }
}
