//! `start_server`.

use std::cell::Cell;
use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;
use std::rc::Rc;

use super::client::{Callback, Serve};
use super::protocol::StreamReaderProtocol;
use super::reader::{StreamReader, check_limit};
use super::shared::{DEFAULT_LIMIT, Shared};
use super::writer::StreamWriter;
use crate::endpoints::{CreateServer, Creating, Server};
use crate::event_loop::get_running_loop;
use crate::exceptions::Result;
use crate::net::{AddressFamily, Hosts};
use crate::sys::OwnedFd;
use crate::task::TaskOutput;

/// Makes a server; each client gets a call of `client_connected_cb`, with the two sides of its stream. Python:
/// `asyncio.start_server()`.
///
/// The callback is an `async fn`, a coroutine function, an `async` closure, which may use what it has captured, or a
/// closure that returns a future, whose arguments need their types written. What it gives is `()` or a `Result`, and its future becomes a task named after the
/// client's address. If that fails or panics, the exception handler gets the error with the address under `peername`, and
/// the connection is closed. If it is cancelled the connection is closed too. [`Server::close_clients`] closes the
/// connection, so that the reader comes to its end.
///
/// A builder with the options of [`create_server`](crate::EventLoop::create_server), and [`limit`](StartServer::limit). Awaiting
/// it gives the errors of that, a `ValueError` if the limit is 0, and a `RuntimeError` if no loop runs.
///
/// # Examples
///
/// ```
/// use asyncio::{StreamReader, StreamWriter};
///
/// async fn echo(mut reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
///     loop {
///         let data = reader.read(64 * 1024).await?;
///         if data.is_empty() {
///             writer.close();
///             return writer.wait_closed().await;
///         }
///         writer.write(&data);
///         writer.drain().await?;
///     }
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let server = asyncio::start_server(echo, "127.0.0.1", 0).await?;
///     println!("listening on {}", server.sockets()[0].getsockname()?);
///     server.close();
///     server.wait_closed().await
/// })
/// # }
/// ```
#[track_caller]
pub fn start_server<F, R>(client_connected_cb: F, host: impl Into<Hosts>, port: u16) -> StartServer
where
    F: AsyncFn(StreamReader, StreamWriter) -> R + 'static,
    R: TaskOutput + 'static,
{
    let Starting { limit, factory } = Starting::new(client_connected_cb, Location::caller());
    let create = match get_running_loop() {
        Ok(event_loop) => Ok(event_loop.create_server(factory, host, port)),
        Err(error) => Err(error),
    };
    StartServer { create, limit }
}

/// As [`start_server`], with a stream socket that is bound already. Python: `asyncio.start_server(…, sock=…)`.
///
/// Awaiting it gives `ValueError` if that is no stream socket.
#[track_caller]
pub fn start_server_with_sock<F, R>(client_connected_cb: F, sock: impl Into<OwnedFd>) -> StartServer
where
    F: AsyncFn(StreamReader, StreamWriter) -> R + 'static,
    R: TaskOutput + 'static,
{
    let Starting { limit, factory } = Starting::new(client_connected_cb, Location::caller());
    let create = match get_running_loop() {
        Ok(event_loop) => Ok(event_loop.create_server_with_sock(factory, sock)),
        Err(error) => Err(error),
    };
    StartServer { create, limit }
}

/// As [`start_server_with_sock`], with several sockets, such as those of [`listen_fds`](crate::listen_fds).
///
/// Awaiting it gives `ValueError` also if there is no socket.
#[track_caller]
pub fn start_server_with_socks<F, R>(
    client_connected_cb: F,
    socks: impl IntoIterator<Item: Into<OwnedFd>>,
) -> StartServer
where
    F: AsyncFn(StreamReader, StreamWriter) -> R + 'static,
    R: TaskOutput + 'static,
{
    let Starting { limit, factory } = Starting::new(client_connected_cb, Location::caller());
    let create = match get_running_loop() {
        Ok(event_loop) => Ok(event_loop.create_server_with_socks(factory, socks)),
        Err(error) => Err(error),
    };
    StartServer { create, limit }
}

/// A server of streams before its sockets.
pub(super) struct Starting {
    /// Shared with the factory.
    pub(super) limit: Rc<Cell<usize>>,
    /// Makes the protocol of each client.
    pub(super) factory: Box<dyn FnMut() -> StreamReaderProtocol>,
}

impl Starting {
    pub(super) fn new<F, R>(function: F, location: &'static Location<'static>) -> Self
    where
        F: AsyncFn(StreamReader, StreamWriter) -> R + 'static,
        R: TaskOutput + 'static,
    {
        let limit = Rc::new(Cell::new(DEFAULT_LIMIT));
        let callback: Rc<dyn Serve> = Rc::new(Callback::new(function, location));
        let for_each = limit.clone();
        let factory =
            Box::new(move || StreamReaderProtocol::serving(Shared::new(for_each.get(), true), callback.clone()));
        Self { limit, factory }
    }
}

/// Awaits what makes the server.
pub(super) async fn start<C>(create: Result<C>, limit: usize) -> Result<Server>
where
    C: IntoFuture<Output = Result<Server>>,
{
    check_limit(limit)?;
    create?.await
}

/// A server to be made: options, and then `.await`. See [`start_server`].
#[must_use = "no server is made until this is awaited: write `.await`"]
pub struct StartServer {
    create: Result<CreateServer>,
    limit: Rc<Cell<usize>>,
}

impl StartServer {
    pub(super) fn with(mut self, option: impl FnOnce(CreateServer) -> CreateServer) -> Self {
        self.create = self.create.map(option);
        self
    }

    /// How many bytes a line may have; 64 KiB. Reading pauses when twice as many have come in and were not read.
    pub fn limit(self, bytes: usize) -> Self {
        self.limit.set(bytes);
        self
    }

    /// See [`CreateServer::family`].
    pub fn family(self, family: AddressFamily) -> Self {
        self.with(|create| create.family(family))
    }

    /// See [`CreateServer::flags`].
    pub fn flags(self, flags: i32) -> Self {
        self.with(|create| create.flags(flags))
    }

    /// See [`CreateServer::backlog`].
    pub fn backlog(self, backlog: u32) -> Self {
        self.with(|create| create.backlog(backlog))
    }

    /// See [`CreateServer::reuse_address`].
    pub fn reuse_address(self, enabled: bool) -> Self {
        self.with(|create| create.reuse_address(enabled))
    }

    /// See [`CreateServer::reuse_port`].
    pub fn reuse_port(self, enabled: bool) -> Self {
        self.with(|create| create.reuse_port(enabled))
    }

    /// See [`CreateServer::keep_alive`].
    pub fn keep_alive(self, enabled: bool) -> Self {
        self.with(|create| create.keep_alive(enabled))
    }

    /// See [`CreateServer::start_serving`].
    pub fn start_serving(self, enabled: bool) -> Self {
        self.with(|create| create.start_serving(enabled))
    }
}

impl IntoFuture for StartServer {
    type Output = Result<Server>;
    type IntoFuture = Creating<Server>;

    fn into_future(self) -> Creating<Server> {
        Creating::new(start(self.create, self.limit.get()))
    }
}

impl fmt::Debug for StartServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartServer").field("create", &self.create).field("limit", &self.limit.get()).finish()
    }
}
