//! `open_connection`.

use std::fmt;
use std::future::IntoFuture;
use std::rc::Rc;
use std::time::Duration;

use super::protocol::StreamReaderProtocol;
use super::reader::{StreamReader, check_limit};
use super::shared::{DEFAULT_LIMIT, Shared};
use super::writer::StreamWriter;
use crate::endpoints::{CreateConnection, Creating};
use crate::event_loop::get_running_loop;
use crate::exceptions::Result;
use crate::net::AddressFamily;
use crate::protocols::ProtocolHandle;
use crate::sys::OwnedFd;
use crate::transports::Transport;

/// Connects to a server, and gives the two sides of the stream. Python: `asyncio.open_connection()`.
///
/// A builder with the options of [`create_connection`](crate::EventLoop::create_connection), and
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
#[track_caller]
pub fn open_connection(host: impl ToString, port: u16) -> OpenConnection {
    let Opening { shared, protocol } = Opening::new();
    let create = match get_running_loop() {
        Ok(event_loop) => Ok(event_loop.create_connection(move || protocol, host, port)),
        Err(error) => Err(error),
    };
    OpenConnection { create, shared, limit: DEFAULT_LIMIT }
}

/// As [`open_connection`], on a stream socket that is connected already. Python: `asyncio.open_connection(sock=…)`.
///
/// Awaiting it gives `ValueError` if that is no stream socket, or an option says how to connect.
#[track_caller]
pub fn open_connection_with_sock(sock: impl Into<OwnedFd>) -> OpenConnection {
    let Opening { shared, protocol } = Opening::new();
    let create = match get_running_loop() {
        Ok(event_loop) => Ok(event_loop.create_connection_with_sock(move || protocol, sock)),
        Err(error) => Err(error),
    };
    OpenConnection { create, shared, limit: DEFAULT_LIMIT }
}

/// A stream before its connection.
pub(super) struct Opening {
    pub(super) shared: Rc<Shared>,
    pub(super) protocol: StreamReaderProtocol,
}

impl Opening {
    pub(super) fn new() -> Self {
        let shared = Shared::new(DEFAULT_LIMIT, true);
        Self { protocol: StreamReaderProtocol::of(shared.clone()), shared }
    }
}

/// Awaits what makes the connection, and gives its two sides.
pub(super) async fn open<C>(create: Result<C>, shared: Rc<Shared>, limit: usize) -> Result<(StreamReader, StreamWriter)>
where
    C: IntoFuture<Output = Result<(Transport, ProtocolHandle<StreamReaderProtocol>)>>,
{
    check_limit(limit)?;
    shared.incoming.borrow_mut().limit = limit;
    // Made before the connection is, so that it is dropped with us if we are cancelled.
    let reader = StreamReader::of(shared.clone());
    let (transport, _) = create?.await?;
    Ok((reader, StreamWriter::of(shared, transport)))
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
    pub(super) fn with(mut self, option: impl FnOnce(Create) -> Create) -> Self {
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
        Creating::new(open(self.create, self.shared, self.limit))
    }
}

impl fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenConnection").field("create", &self.create).field("limit", &self.limit).finish()
    }
}
