//! `start_unix_server`.

use std::cell::Cell;
use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;
use std::rc::Rc;

use super::reader::StreamReader;
use super::serve::{Starting, start};
use super::writer::StreamWriter;
use crate::endpoints::{CreateUnixServer, Creating, Server};
use crate::event_loop::get_running_loop;
use crate::exceptions::Result;
use crate::sys::UnixAddress;
use crate::task::TaskOutput;

/// Makes a server on a unix socket; each client gets a call of `client_connected_cb`, with the two sides of its stream.
/// Python: `asyncio.start_unix_server()`.
///
/// As [`start_server`](crate::start_server()) in everything, with the options and errors of
/// [`create_unix_server`](crate::EventLoop::create_unix_server). Clients of a unix socket have no address: their tasks
/// are named after the server's.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let path = std::env::temp_dir().join(format!("asyncio-greeter-{}", std::process::id()));
///     let greet = async |_reader, writer: asyncio::StreamWriter| writer.close();
///     let server = asyncio::start_unix_server(greet, &path).backlog(20).await?;
///     server.close();
///     server.wait_closed().await
/// })
/// # }
/// ```
#[track_caller]
pub fn start_unix_server<F, R>(client_connected_cb: F, path: impl Into<UnixAddress>) -> StartUnixServer
where
    F: AsyncFn(StreamReader, StreamWriter) -> R + 'static,
    R: TaskOutput + 'static,
{
    let Starting { limit, factory } = Starting::new(client_connected_cb, Location::caller());
    let create = match get_running_loop() {
        Ok(event_loop) => Ok(event_loop.create_unix_server(factory, path)),
        Err(error) => Err(error),
    };
    StartUnixServer { create, limit }
}

/// A server to be made: options, and then `.await`. See [`start_unix_server`].
#[must_use = "no server is made until this is awaited: write `.await`"]
pub struct StartUnixServer {
    create: Result<CreateUnixServer>,
    limit: Rc<Cell<usize>>,
}

impl StartUnixServer {
    pub(super) fn with(mut self, option: impl FnOnce(CreateUnixServer) -> CreateUnixServer) -> Self {
        self.create = self.create.map(option);
        self
    }

    /// How many bytes a line may have; 64 KiB. Reading pauses when twice as many have come in and were not read.
    pub fn limit(self, bytes: usize) -> Self {
        self.limit.set(bytes);
        self
    }

    /// See [`CreateUnixServer::backlog`].
    pub fn backlog(self, backlog: u32) -> Self {
        self.with(|create| create.backlog(backlog))
    }

    /// See [`CreateUnixServer::start_serving`].
    pub fn start_serving(self, enabled: bool) -> Self {
        self.with(|create| create.start_serving(enabled))
    }

    /// See [`CreateUnixServer::cleanup_socket`].
    pub fn cleanup_socket(self, enabled: bool) -> Self {
        self.with(|create| create.cleanup_socket(enabled))
    }
}

impl IntoFuture for StartUnixServer {
    type Output = Result<Server>;
    type IntoFuture = Creating<Server>;

    fn into_future(self) -> Creating<Server> {
        Creating::new(start(self.create, self.limit.get()))
    }
}

impl fmt::Debug for StartUnixServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartUnixServer").field("create", &self.create).field("limit", &self.limit.get()).finish()
    }
}
