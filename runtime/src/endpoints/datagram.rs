//! `create_datagram_endpoint`.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::Location;

use super::creating::{Creating, check_running};
use super::unfinished::Unfinished;
use super::unix_server::bind_at;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::net::{AddressFamily, Target, resolve_one};
use crate::protocols::{DatagramProtocol, ProtocolHandle, bind};
use crate::sys::{OwnedFd, Socket, UnixAddress};
use crate::transports::{Datagram, DatagramTransport, Network, Remote};

/// An endpoint to be made: options, and then `.await`. See [`EventLoop::create_datagram_endpoint`].
#[must_use = "no endpoint is made until this is awaited: write `.await`"]
pub struct CreateDatagramEndpoint<F> {
    event_loop: EventLoop,
    factory: F,
    options: Options,
    site: &'static Location<'static>,
}

#[derive(Debug, Default)]
struct Options {
    local: Option<(String, u16)>,
    remote: Option<(String, u16)>,
    family: Option<AddressFamily>,
    proto: Option<i32>,
    flags: Option<i32>,
    reuse_port: Option<bool>,
    allow_broadcast: Option<bool>,
    local_path: Option<UnixAddress>,
    remote_path: Option<UnixAddress>,
    sock: Option<OwnedFd>,
}

impl EventLoop {
    /// Makes an endpoint of UDP or of unix datagrams, which gets the protocol that `factory` makes. Python: `loop.create_datagram_endpoint()`.
    ///
    /// It needs a [`local_addr`](CreateDatagramEndpoint::local_addr), a
    /// [`remote_addr`](CreateDatagramEndpoint::remote_addr), both of one family, or at least a
    /// [`family`](CreateDatagramEndpoint::family); or for unix sockets a
    /// [`local_path`](CreateDatagramEndpoint::local_path), a [`remote_path`](CreateDatagramEndpoint::remote_path) or
    /// both; or a [`sock`](CreateDatagramEndpoint::sock) that exists already. When
    /// the builder's `.await` returns, `connection_made` was called. It gives
    ///
    /// - `ValueError` if there is no address and no family, if the two addresses have no family in common, or if an
    ///   option stands beside `sock` or a path that has no say there;
    /// - `ResolveError` if a host has no address, `OsError` with the host if it has none of the family asked for;
    /// - `OsError` with the address if it cannot be bound or connected to; with several families the first error.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use std::net::SocketAddr;
    ///
    /// use asyncio::DatagramTransport;
    ///
    /// struct Echo;
    ///
    /// #[asyncio::protocol]
    /// impl Echo {
    ///     fn datagram_received(
    ///         &mut self,
    ///         transport: &DatagramTransport,
    ///         data: &[u8],
    ///         addr: SocketAddr,
    ///     ) -> asyncio::Result<()> {
    ///         transport.sendto(data, addr)
    ///     }
    /// }
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (transport, _protocol) =
    ///         event_loop.create_datagram_endpoint(|| Echo).local_addr("127.0.0.1", 0).await?;
    ///     assert_ne!(transport.sockname().unwrap().port(), 0);
    ///     transport.close();
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn create_datagram_endpoint<F, P>(&self, factory: F) -> CreateDatagramEndpoint<F>
    where
        F: FnOnce() -> P + 'static,
        P: DatagramProtocol,
    {
        CreateDatagramEndpoint {
            event_loop: self.clone(),
            factory,
            options: Options::default(),
            site: Location::caller(),
        }
    }
}

impl<F> CreateDatagramEndpoint<F> {
    /// Receives at this host and port. An empty host means all interfaces, port 0 one that the system chooses.
    pub fn local_addr(mut self, host: impl ToString, port: u16) -> Self {
        self.options.local = Some((host.to_string(), port));
        self
    }

    /// Sends all datagrams to this host and port, and receives from there only.
    ///
    /// With [`allow_broadcast`](Self::allow_broadcast) the socket is not connected, and receives from everywhere.
    pub fn remote_addr(mut self, host: impl ToString, port: u16) -> Self {
        self.options.remote = Some((host.to_string(), port));
        self
    }

    /// Only addresses of this family.
    pub fn family(mut self, family: AddressFamily) -> Self {
        self.options.family = Some(family);
        self
    }

    /// The protocol of the socket, in the system's number, such as `IPPROTO_UDPLITE`; 0 and unless this is called it is
    /// UDP. One that the system does not have for datagrams is an `OsError`.
    ///
    /// The addresses are looked up as for UDP.
    pub fn proto(mut self, proto: i32) -> Self {
        self.options.proto = Some(proto);
        self
    }

    /// The system's flags for looking up the hosts; `AI_PASSIVE` for the local one. Hosts that are numbers are not
    /// looked up.
    pub fn flags(mut self, flags: i32) -> Self {
        self.options.flags = Some(flags);
        self
    }

    /// Whether other endpoints that say so too may have the same address; they may not.
    pub fn reuse_port(mut self, enabled: bool) -> Self {
        self.options.reuse_port = Some(enabled);
        self
    }

    /// Whether datagrams may be sent to broadcast addresses; they may not.
    pub fn allow_broadcast(mut self, enabled: bool) -> Self {
        self.options.allow_broadcast = Some(enabled);
        self
    }

    /// Receives at this path, or abstract name, as a unix socket. Python: `local_addr` with `family=AF_UNIX`.
    ///
    /// A socket that lies there is taken for a stale one and removed. Closing the endpoint does not remove the file.
    pub fn local_path(mut self, path: impl Into<UnixAddress>) -> Self {
        self.options.local_path = Some(path.into());
        self
    }

    /// Sends all datagrams to this unix socket, and receives from there only. Python: `remote_addr` with
    /// `family=AF_UNIX`.
    ///
    /// Without a [`local_path`](Self::local_path) the receiver cannot answer.
    pub fn remote_path(mut self, path: impl Into<UnixAddress>) -> Self {
        self.options.remote_path = Some(path.into());
        self
    }

    /// A datagram socket that exists already, connected or not, instead of all other options.
    ///
    /// Awaiting gives `ValueError` if that is no datagram socket. One of another family than the Internet's and
    /// `AF_UNIX` must be connected.
    pub fn sock(mut self, sock: impl Into<OwnedFd>) -> Self {
        self.options.sock = Some(sock.into());
        self
    }
}

impl<F, P> IntoFuture for CreateDatagramEndpoint<F>
where
    F: FnOnce() -> P + 'static,
    P: DatagramProtocol,
{
    type Output = Result<(DatagramTransport, ProtocolHandle<P>)>;
    type IntoFuture = Creating<(DatagramTransport, ProtocolHandle<P>)>;

    fn into_future(self) -> Self::IntoFuture {
        Creating::new(create(self))
    }
}

async fn create<F, P>(this: CreateDatagramEndpoint<F>) -> Result<(DatagramTransport, ProtocolHandle<P>)>
where
    F: FnOnce() -> P,
    P: DatagramProtocol,
{
    let CreateDatagramEndpoint { event_loop, factory, mut options, site } = this;
    check_running(&event_loop)?;
    let (socket, remote) = match options.sock.take() {
        Some(fd) => adopt(fd, &options)?,
        None if options.has_path() => open_unix(&options)?,
        None => open(&event_loop, &options).await?,
    };
    let bound = bind(factory());
    let datagram = Datagram::new(&Network::of(event_loop.inner()), socket, remote, bound.clone())?;
    datagram.made_at(site);
    let unfinished = Unfinished::new(datagram.transport(), DatagramTransport::close);
    let made = event_loop.create_future();
    datagram.start(made.clone());
    made.await?;
    let transport = unfinished.finish();
    if event_loop.get_debug() {
        crate::log::record!(info, "datagram endpoint created: {transport:?}, {options:?}");
    }
    Ok((transport, ProtocolHandle::new(bound)))
}

impl Options {
    /// The options that have no say about a socket that exists already.
    fn given(&self) -> Vec<&'static str> {
        let mut given = self.of_the_internet();
        given.extend(self.local_path.as_ref().map(|_| "local_path"));
        given.extend(self.remote_path.as_ref().map(|_| "remote_path"));
        given
    }

    fn has_path(&self) -> bool {
        self.local_path.is_some() || self.remote_path.is_some()
    }

    /// The options that have no say about a unix socket.
    fn of_the_internet(&self) -> Vec<&'static str> {
        let given = [
            ("local_addr", self.local.is_some()),
            ("remote_addr", self.remote.is_some()),
            ("family", self.family.is_some()),
            ("proto", self.proto.is_some()),
            ("flags", self.flags.is_some()),
            ("reuse_port", self.reuse_port.is_some()),
            ("allow_broadcast", self.allow_broadcast.is_some()),
        ];
        given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect()
    }
}

fn adopt(fd: OwnedFd, options: &Options) -> Result<(Socket, Remote)> {
    let given = options.given();
    if !given.is_empty() {
        return Err(Error::value_error(format!(
            "create_datagram_endpoint: sock is used as it is; remove {}",
            given.join(", ")
        )));
    }
    let socket = Socket::adopt_datagram(fd).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Error::value_error(format!("create_datagram_endpoint: sock: {error}")),
        _ => error.into(),
    })?;
    let remote = if socket.is_connected()? {
        Remote::Connected(socket.peer_address()?)
    } else if socket.local_address()?.is_some() {
        Remote::Any
    } else {
        return Err(Error::value_error(
            "create_datagram_endpoint: sock is of another family than the Internet's and AF_UNIX; connect it first",
        ));
    };
    Ok((socket, remote))
}

/// A unix socket, which takes no time.
fn open_unix(options: &Options) -> Result<(Socket, Remote)> {
    let others = options.of_the_internet();
    if !others.is_empty() {
        let others = others.join(", ");
        return Err(Error::value_error(format!(
            "create_datagram_endpoint: {others} is for sockets of the Internet's; leave it out, or the paths"
        )));
    }
    let socket = match &options.local_path {
        Some(path) => bind_at(path, Socket::unix_datagram)?,
        None => Socket::unix_datagram()?,
    };
    match &options.remote_path {
        Some(remote) => {
            socket.connect_unix(remote).map_err(|error| Error::os_error_at(error, remote))?;
            Ok((socket, Remote::Connected(Some(remote.clone().into()))))
        }
        None => Ok((socket, Remote::Any)),
    }
}

/// A local and a remote address of one family.
type Pair = (Option<SocketAddr>, Option<SocketAddr>);

/// Tries each pair of addresses; if all fail, the first error is the caller's.
async fn open(event_loop: &EventLoop, options: &Options) -> Result<(Socket, Remote)> {
    let mut first = None;
    for pair in pairs(event_loop, options).await? {
        match open_pair(pair, options) {
            Ok(opened) => return Ok(opened),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or_else(|| {
        Error::value_error(
            "create_datagram_endpoint: local_addr and remote_addr have no address family in common; name hosts of one",
        )
    }))
}

async fn pairs(event_loop: &EventLoop, options: &Options) -> Result<Vec<Pair>> {
    let Options { local, remote, family, flags, .. } = options;
    let (to_listen, to_connect) = match flags {
        Some(flags) => (Target::flags(*flags).to_listen(), Target::flags(*flags)),
        None => (Target::LISTEN, Target::CONNECT),
    };
    let locals = addresses(event_loop, local.as_ref(), *family, to_listen).await?;
    let remotes = addresses(event_loop, remote.as_ref(), *family, to_connect).await?;
    match (locals, remotes) {
        (None, None) => match family {
            Some(_) => Ok(vec![(None, None)]),
            None => Err(Error::value_error(
                "create_datagram_endpoint: unexpected address family; give local_addr, remote_addr or family",
            )),
        },
        (Some(locals), None) => Ok(locals.into_iter().map(|local| (Some(local), None)).collect()),
        (None, Some(remotes)) => Ok(remotes.into_iter().map(|remote| (None, Some(remote))).collect()),
        (Some(locals), Some(remotes)) => Ok(joined(&locals, &remotes)),
    }
}

/// Each local address with the first remote one of its family.
fn joined(locals: &[SocketAddr], remotes: &[SocketAddr]) -> Vec<Pair> {
    let partner = |local: &SocketAddr| remotes.iter().find(|remote| remote.is_ipv4() == local.is_ipv4());
    locals.iter().filter_map(|local| Some((Some(*local), Some(*partner(local)?)))).collect()
}

async fn addresses(
    event_loop: &EventLoop,
    place: Option<&(String, u16)>,
    family: Option<AddressFamily>,
    target: Target,
) -> Result<Option<Vec<SocketAddr>>> {
    match place {
        Some((host, port)) => Ok(Some(resolve_one(event_loop, host, *port, family, target).await?)),
        None => Ok(None),
    }
}

fn open_pair((local, remote): Pair, options: &Options) -> Result<(Socket, Remote)> {
    let address = local.or(remote).unwrap_or_else(|| any_of(options.family));
    let socket =
        Socket::datagram(&address, options.proto.filter(|proto| *proto != 0)).map_err(|error| match options.proto {
            Some(number) => {
                Error::os_error_at(error, format_args!("a datagram socket of protocol {number}, for {address}"))
            }
            None => Error::os_error_at(error, address),
        })?;
    socket.merge_incoming();
    let broadcast = options.allow_broadcast.unwrap_or(false);
    if options.reuse_port.unwrap_or(false) {
        socket.set_reuse_port(true)?;
    }
    if broadcast {
        socket.set_broadcast(true)?;
    }
    if let Some(local) = local {
        socket.bind(&local).map_err(|error| {
            Error::os_error_at(error, format_args!("error while attempting to bind on address {local}"))
        })?;
    }
    match remote {
        Some(remote) if broadcast => Ok((socket, Remote::Fixed(remote))),
        Some(remote) => {
            socket.connect(&remote).map_err(|error| Error::os_error_at(error, remote))?;
            Ok((socket, Remote::Connected(Some(remote.into()))))
        }
        None => Ok((socket, Remote::Any)),
    }
}

/// Some address of this family.
fn any_of(family: Option<AddressFamily>) -> SocketAddr {
    let any: IpAddr = match family {
        Some(AddressFamily::Ipv6) => Ipv6Addr::UNSPECIFIED.into(),
        Some(AddressFamily::Ipv4) | None => Ipv4Addr::UNSPECIFIED.into(),
    };
    SocketAddr::new(any, 0)
}

impl<F> fmt::Debug for CreateDatagramEndpoint<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateDatagramEndpoint").field("options", &self.options).finish()
    }
}
