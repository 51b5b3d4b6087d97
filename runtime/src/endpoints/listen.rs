//! `create_server`.

use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;

use super::Server;
use super::binding::{adopt_all, bind_all};
use super::creating::{Creating, check_running};
use super::secure::Secure;
use super::server::Factory;
use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::net::{AddressFamily, Hosts, Target, resolve_all};
use crate::protocols::{Binding, IntoEndpoint};
use crate::sys::OwnedFd;
use crate::transports::Network;

/// How many connections may wait to be accepted, as Python has it.
pub(super) const BACKLOG: u32 = 100;

/// Where to listen.
#[derive(Debug)]
enum Place {
    At(Hosts, u16),
    On(Vec<OwnedFd>),
}

/// A server to be made: options, and then `.await`. See [`EventLoop::create_server`].
#[must_use = "no server is made until this is awaited: write `.await`"]
pub struct CreateServer {
    event_loop: EventLoop,
    factory: Factory,
    place: Place,
    options: Options,
    site: &'static Location<'static>,
    secure: Secure,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    family: Option<AddressFamily>,
    target: Target,
    backlog: u32,
    pub(super) reuse_address: bool,
    pub(super) reuse_port: bool,
    pub(super) keep_alive: bool,
    start_serving: bool,
    /// The last one that was set of those that say how to bind.
    pub(super) binding: Option<&'static str>,
}

impl EventLoop {
    /// Makes a TCP server; each connection gets a protocol from `factory`. Python: `loop.create_server()`.
    ///
    /// `host` is a name or address, several, or `None` for all interfaces; each address gets a socket of its own, which
    /// takes connections of its own family only. With port 0 the system chooses one for each socket, and not the same;
    /// [`Server::sockets`] tells. Await the builder to have the server:
    /// it listens then. Awaiting gives
    ///
    /// - `ResolveError` if a host has no address, `OsError` with the host if it has none of the family asked for;
    /// - `OsError` with the address if it cannot be bound. One that this machine does not have is left out, unless it
    ///   has none of them.
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
    #[track_caller]
    pub fn create_server<F, P, K>(&self, mut factory: F, host: impl Into<Hosts>, port: u16) -> CreateServer
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        CreateServer::new(
            self.clone(),
            Box::new(move || Ok(Binding::of(factory()).endpoint)),
            Place::At(host.into(), port),
        )
    }

    /// As [`create_server`](Self::create_server), with a stream socket that is bound already. Python:
    /// `loop.create_server(…, sock=…)`.
    ///
    /// It may be one of the Internet's or a Unix socket, and listen already. Awaiting it gives `ValueError` if that is
    /// no stream socket, or an option says how to bind.
    #[track_caller]
    pub fn create_server_with_sock<F, P, K>(&self, factory: F, sock: impl Into<OwnedFd>) -> CreateServer
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        self.create_server_with_socks(factory, [sock])
    }

    /// As [`create_server_with_sock`](Self::create_server_with_sock), with several sockets, such as those of
    /// [`listen_fds`](crate::listen_fds).
    ///
    /// Awaiting it gives `ValueError` also if there is no socket.
    ///
    /// # Examples
    ///
    /// A service that systemd starts when the first client comes, and that can be started by hand as well:
    ///
    /// ```
    /// use asyncio::{EventLoop, Result, Server};
    ///
    /// struct Greeter;
    ///
    /// #[asyncio::protocol]
    /// impl Greeter {}
    ///
    /// async fn serve(event_loop: &EventLoop) -> Result<Server> {
    ///     let inherited = asyncio::listen_fds()?;
    ///     if inherited.is_empty() {
    ///         event_loop.create_server(|| Greeter, "127.0.0.1", 8080).await
    ///     } else {
    ///         event_loop.create_server_with_socks(|| Greeter, inherited).await
    ///     }
    /// }
    /// ```
    #[track_caller]
    pub fn create_server_with_socks<F, P, K>(
        &self,
        mut factory: F,
        socks: impl IntoIterator<Item: Into<OwnedFd>>,
    ) -> CreateServer
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        CreateServer::new(
            self.clone(),
            Box::new(move || Ok(Binding::of(factory()).endpoint)),
            Place::On(socks.into_iter().map(Into::into).collect()),
        )
    }
}

impl CreateServer {
    #[track_caller]
    fn new(event_loop: EventLoop, factory: Factory, place: Place) -> Self {
        let options = Options {
            family: None,
            target: Target::LISTEN,
            backlog: BACKLOG,
            // Else a server could not be started anew while connections of its predecessor linger.
            reuse_address: true,
            reuse_port: false,
            keep_alive: false,
            start_serving: true,
            binding: None,
        };
        Self { event_loop, factory, place, options, secure: Secure::default(), site: Location::caller() }
    }

    /// What is wanted of TLS.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing can be wanted without TLS"))]
    pub(super) fn secure(&mut self) -> &mut Secure {
        &mut self.secure
    }

    fn binds(mut self, option: &'static str) -> Self {
        self.options.binding = Some(option);
        self
    }

    /// Only addresses of this family.
    pub fn family(mut self, family: AddressFamily) -> Self {
        self.options.family = Some(family);
        self.binds("family")
    }

    /// The system's flags for looking up the hosts; `AI_PASSIVE`. Without that flag no host means this machine instead
    /// of all interfaces.
    pub fn flags(mut self, flags: i32) -> Self {
        self.options.target = Target::flags(flags);
        self.binds("flags")
    }

    /// How many connections may wait to be accepted; 100.
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.options.backlog = backlog;
        self
    }

    /// Whether an address may be bound although connections of a former server linger there; it may.
    pub fn reuse_address(mut self, enabled: bool) -> Self {
        self.options.reuse_address = enabled;
        self.binds("reuse_address")
    }

    /// Whether other servers that say so too may listen at the same address; they may not.
    pub fn reuse_port(mut self, enabled: bool) -> Self {
        self.options.reuse_port = enabled;
        self.binds("reuse_port")
    }

    /// Whether the system probes connections on which nothing happens, so that a peer which is gone is found out about
    /// in the end; it does not.
    pub fn keep_alive(mut self, enabled: bool) -> Self {
        self.options.keep_alive = enabled;
        self
    }

    /// Whether the server listens at once; it does. See [`Server::start_serving`]. One that never does is closed with its
    /// last handle; debug mode warns of that.
    pub fn start_serving(mut self, enabled: bool) -> Self {
        self.options.start_serving = enabled;
        self
    }
}

impl IntoFuture for CreateServer {
    type Output = Result<Server>;
    type IntoFuture = Creating<Server>;

    fn into_future(self) -> Creating<Server> {
        Creating::new(create(self))
    }
}

async fn create(this: CreateServer) -> Result<Server> {
    let CreateServer { event_loop, factory, place, options, secure, site } = this;
    check_running(&event_loop)?;
    let factory = secure.for_server("create_server")?.dress_all(event_loop.inner(), factory);
    let sockets = match place {
        Place::On(fds) => adopt_all(fds, options)?,
        Place::At(hosts, port) => {
            let addresses = resolve_all(&event_loop, &hosts, port, options.family, options.target).await?;
            bind_all(&event_loop, &addresses, options)?
        }
    };
    let server = Server::new(Network::of(event_loop.inner()), sockets, factory, options.backlog, site);
    if options.start_serving { server.served(&event_loop).await } else { Ok(server) }
}

impl fmt::Debug for CreateServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateServer").field("place", &self.place).field("options", &self.options).finish()
    }
}
