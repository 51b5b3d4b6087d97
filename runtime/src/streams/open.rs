//! `open_connection`.

use std::fmt;
use std::future::IntoFuture;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use super::protocol::StreamReaderProtocol;
use super::reader::{StreamReader, check_limit};
use super::shared::{DEFAULT_LIMIT, Shared};
use super::writer::StreamWriter;
use crate::endpoints::{CreateConnection, Creating};
use crate::event_loop::{EventLoop, get_running_loop};
use crate::exceptions::Result;
use crate::net::AddressFamily;

/// Connects to a server, and gives the two sides of the stream. Python: `asyncio.open_connection()`.
///
/// A builder with the options of [`create_connection`](EventLoop::create_connection), and
/// [`limit`](OpenConnection::limit). Awaiting it gives the errors of that, a `ValueError` if the limit is 0, and a
/// `RuntimeError` if no loop runs.
///
/// # Cancellation
///
/// What was opened on the way is closed.
///
/// # Examples
///
/// ```no_run
/// # async fn get() -> asyncio::Result<()> {
/// let (mut reader, writer) = asyncio::open_connection("example.org", 80).await?;
/// writer.write(b"HEAD / HTTP/1.0\r\n\r\n");
/// println!("{}", String::from_utf8_lossy(&reader.readline().await?));
/// writer.close();
/// writer.wait_closed().await
/// # }
/// ```
pub fn open_connection(host: impl ToString, port: u16) -> OpenConnection {
    OpenConnection::new(|event_loop, protocol| event_loop.create_connection(move || protocol, host, port))
}

/// As [`open_connection`], on a stream socket that is connected already. Python: `asyncio.open_connection(sock=…)`.
///
/// Awaiting it gives `ValueError` if that is no stream socket, or an option says how to connect.
pub fn open_connection_with_sock(sock: impl Into<OwnedFd>) -> OpenConnection {
    OpenConnection::new(|event_loop, protocol| event_loop.create_connection_with_sock(move || protocol, sock))
}

/// What makes the connection.
type Create = CreateConnection<StreamReaderProtocol>;

/// A stream to be opened: options, and then `.await`. See [`open_connection`].
#[must_use = "nothing is connected until this is awaited: write `.await`"]
pub struct OpenConnection {
    create: Result<Create>,
    shared: Rc<Shared>,
    limit: usize,
}

impl OpenConnection {
    fn new(create: impl FnOnce(&EventLoop, StreamReaderProtocol) -> Create) -> Self {
        let shared = Shared::new(DEFAULT_LIMIT, true);
        let protocol = StreamReaderProtocol::of(shared.clone());
        let create = get_running_loop().map(|event_loop| create(&event_loop, protocol));
        Self { create, shared, limit: DEFAULT_LIMIT }
    }

    fn with(mut self, option: impl FnOnce(Create) -> Create) -> Self {
        self.create = self.create.map(option);
        self
    }

    /// How many bytes a line may have; 64 KiB. Reading pauses when twice as many have come in and were not read.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// See [`CreateConnection::family`].
    pub fn family(self, family: AddressFamily) -> Self {
        self.with(|create| create.family(family))
    }

    /// See [`CreateConnection::local_addr`].
    pub fn local_addr(self, host: impl ToString, port: u16) -> Self {
        self.with(|create| create.local_addr(host, port))
    }

    /// See [`CreateConnection::flags`].
    pub fn flags(self, flags: i32) -> Self {
        self.with(|create| create.flags(flags))
    }

    /// See [`CreateConnection::happy_eyeballs_delay`].
    pub fn happy_eyeballs_delay(self, delay: impl Into<Option<Duration>>) -> Self {
        self.with(|create| create.happy_eyeballs_delay(delay))
    }

    /// See [`CreateConnection::interleave`].
    pub fn interleave(self, first_address_family_count: usize) -> Self {
        self.with(|create| create.interleave(first_address_family_count))
    }

    /// See [`CreateConnection::all_errors`].
    pub fn all_errors(self, enabled: bool) -> Self {
        self.with(|create| create.all_errors(enabled))
    }
}

impl IntoFuture for OpenConnection {
    type Output = Result<(StreamReader, StreamWriter)>;
    type IntoFuture = Creating<(StreamReader, StreamWriter)>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { create, shared, limit } = self;
        Creating::new(async move {
            check_limit(limit)?;
            shared.incoming.borrow_mut().limit = limit;
            // Made before the connection is, so that it is dropped with us if we are cancelled.
            let reader = StreamReader::of(shared.clone());
            let (transport, _) = create?.await?;
            Ok((reader, StreamWriter::of(shared, transport)))
        })
    }
}

impl fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenConnection").field("create", &self.create).field("limit", &self.limit).finish()
    }
}
