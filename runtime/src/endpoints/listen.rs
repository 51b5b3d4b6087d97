//! `create_server`.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::Server;
use super::creating::{Creating, check_running};
use super::server::Factory;
use super::unfinished::Unfinished;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::net::{AddressFamily, Hosts, Target, resolve_all};
use crate::protocols::{Binding, IntoEndpoint};
use crate::sys::Socket;
use crate::transports::Network;
use crate::wait::sleep;

/// How many connections may wait to be accepted, as Python has it.
const BACKLOG: u32 = 100;

/// Where to listen.
#[derive(Debug)]
enum Place {
    At(Hosts, u16),
    On(OwnedFd),
}

/// A server to be made: options, and then `.await`. See [`EventLoop::create_server`].
#[must_use = "no server is made until this is awaited: write `.await`"]
pub struct CreateServer {
    event_loop: EventLoop,
    factory: Factory,
    place: Place,
    options: Options,
}

#[derive(Clone, Copy, Debug)]
struct Options {
    family: Option<AddressFamily>,
    backlog: u32,
    reuse_address: bool,
    reuse_port: bool,
    keep_alive: bool,
    start_serving: bool,
}

impl EventLoop {
    /// Makes a TCP server; each connection gets a protocol from `factory`. Python: `loop.create_server()`.
    ///
    /// `host` is a name or address, several, or `None` for all interfaces; each address gets a socket of its own. With
    /// port 0 the system chooses one, which [`Server::sockets`] tells. Await the builder to have the server:
    /// it listens then. Awaiting gives
    ///
    /// - `ResolveError` if a host has no address;
    /// - `OsError` with the address if it cannot be bound. One that this machine does not have is left out, unless it
    ///   is the only one.
    ///
    /// A panic in `factory` ends the one connection and is reported in debug mode only; so is a connection that cannot
    /// be set up.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Transport;
    ///
    /// struct Echo;
    ///
    /// #[asyncio::protocol]
    /// impl Echo {
    ///     fn data_received(&mut self, transport: &Transport, data: &[u8]) {
    ///         transport.write(data);
    ///     }
    /// }
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let server = event_loop.create_server(|| Echo, "127.0.0.1", 0).backlog(20).await?;
    ///     println!("listening on {}", server.sockets()[0].getsockname()?);
    ///     server.close();
    ///     server.wait_closed().await
    /// })
    /// # }
    /// ```
    pub fn create_server<F, P, K>(&self, mut factory: F, host: impl Into<Hosts>, port: u16) -> CreateServer
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        CreateServer::new(self.clone(), Box::new(move || Binding::of(factory()).endpoint), Place::At(host.into(), port))
    }

    /// As [`create_server`](Self::create_server), with a stream socket that is bound already. Python:
    /// `loop.create_server(…, sock=…)`.
    ///
    /// Awaiting it gives `ValueError` if that is no stream socket.
    pub fn create_server_with_sock<F, P, K>(&self, mut factory: F, sock: impl Into<OwnedFd>) -> CreateServer
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        CreateServer::new(self.clone(), Box::new(move || Binding::of(factory()).endpoint), Place::On(sock.into()))
    }
}

impl CreateServer {
    fn new(event_loop: EventLoop, factory: Factory, place: Place) -> Self {
        let options = Options {
            family: None,
            backlog: BACKLOG,
            // Else a server could not be started anew while connections of its predecessor linger.
            reuse_address: true,
            reuse_port: false,
            keep_alive: false,
            start_serving: true,
        };
        Self { event_loop, factory, place, options }
    }

    /// Only addresses of this family.
    pub fn family(mut self, family: AddressFamily) -> Self {
        self.options.family = Some(family);
        self
    }

    /// How many connections may wait to be accepted; 100.
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.options.backlog = backlog;
        self
    }

    /// Whether an address may be bound although connections of a former server linger there; it may.
    pub fn reuse_address(mut self, enabled: bool) -> Self {
        self.options.reuse_address = enabled;
        self
    }

    /// Whether other servers that say so too may listen at the same address; they may not.
    pub fn reuse_port(mut self, enabled: bool) -> Self {
        self.options.reuse_port = enabled;
        self
    }

    /// Whether the system looks after connections on which nothing happens; it does not.
    pub fn keep_alive(mut self, enabled: bool) -> Self {
        self.options.keep_alive = enabled;
        self
    }

    /// Whether the server listens at once; it does. See [`Server::start_serving`].
    pub fn start_serving(mut self, enabled: bool) -> Self {
        self.options.start_serving = enabled;
        self
    }
}

impl IntoFuture for CreateServer {
    type Output = Result<Server>;
    type IntoFuture = Creating<Server>;

    fn into_future(self) -> Creating<Server> {
        let Self { event_loop, factory, place, options } = self;
        Creating::new(create(event_loop, factory, place, options))
    }
}

async fn create(event_loop: EventLoop, factory: Factory, place: Place, options: Options) -> Result<Server> {
    check_running(&event_loop)?;
    let sockets = match place {
        Place::On(fd) => vec![Socket::adopt(fd).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => Error::value_error(format!("create_server_with_sock: {error}")),
            _ => error.into(),
        })?],
        Place::At(hosts, port) => {
            let addresses = resolve_all(&event_loop, &hosts, port, options.family, Target::Listen).await?;
            bind_all(&event_loop, &addresses, options)?
        }
    };
    let server = Server::new(Network::of(event_loop.inner()), sockets, factory, options.backlog);
    if options.start_serving {
        server.start().inspect_err(|_| server.close())?;
        let unfinished = Unfinished::new(server, Server::close);
        sleep(Duration::ZERO).await;
        let server = unfinished.finish();
        if event_loop.get_debug() {
            crate::log::record!(info, "{server:?} is serving");
        }
        return Ok(server);
    }
    Ok(server)
}

/// One socket an address.
fn bind_all(event_loop: &EventLoop, addresses: &[SocketAddr], options: Options) -> Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for address in addresses {
        let socket = match Socket::tcp(address) {
            Ok(socket) => socket,
            Err(error) => {
                // A family that this machine does not speak, most likely.
                skipped(event_loop, address, &error);
                continue;
            }
        };
        match bind(&socket, address, options) {
            Ok(()) => sockets.push(socket),
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => skipped(event_loop, address, &error),
            Err(error) => {
                let subject = format!("error while attempting to bind on address {address}");
                return Err(Error::os_error_at(error, subject));
            }
        }
    }
    if sockets.is_empty() {
        let error = io::Error::new(io::ErrorKind::AddrNotAvailable, "could not bind on any address");
        return Err(Error::os_error_at(error, format_args!("out of {addresses:?}")));
    }
    Ok(sockets)
}

fn bind(socket: &Socket, address: &SocketAddr, options: Options) -> io::Result<()> {
    if options.reuse_address {
        socket.set_reuse_address(true)?;
    }
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if options.keep_alive {
        socket.set_keepalive(true)?;
    }
    if address.is_ipv6() {
        // The other family has a socket of its own.
        socket.set_only_v6(true)?;
    }
    socket.bind(address)
}

fn skipped(event_loop: &EventLoop, address: &SocketAddr, error: &io::Error) {
    if event_loop.get_debug() {
        crate::log::warning(format_args!("create_server() leaves out {address}: {error}"));
    }
}

impl fmt::Debug for CreateServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateServer").field("place", &self.place).field("options", &self.options).finish()
    }
}
