//! `create_unix_server`.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::panic::Location;

use super::Server;
use super::creating::{Creating, check_running};
use super::listen::BACKLOG;
use super::secure::Secure;
use super::server::Factory;
use super::set_up::adopt_any_unix;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::protocols::{Binding, IntoEndpoint};
use crate::sys::{self, Address, OwnedFd, Socket, SocketFile, UnixAddress};
use crate::transports::Network;

/// Where to listen.
#[derive(Debug)]
enum Place {
    At(UnixAddress),
    On(OwnedFd),
}

/// A server to be made: options, and then `.await`. See [`EventLoop::create_unix_server`].
#[must_use = "no server is made until this is awaited: write `.await`"]
pub struct CreateUnixServer {
    event_loop: EventLoop,
    factory: Factory,
    place: Place,
    options: Options,
    secure: Secure,
    /// Where the program asked for it.
    site: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug)]
struct Options {
    backlog: u32,
    start_serving: bool,
    cleanup_socket: bool,
}

impl EventLoop {
    /// Makes a server on a unix socket; each connection gets a protocol from `factory`. Python:
    /// `loop.create_unix_server()`.
    ///
    /// `path` names a file or, with a leading NUL, an abstract name. The file of a socket that is there already is
    /// removed first, also if somebody listens on it, who then gets no more clients: so a server can be started anew
    /// after a crash. Other files stay, and awaiting the builder gives `OsError` with the path.
    ///
    /// The server is like one of [`create_server`](Self::create_server) in everything else.
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
    ///     let path = std::env::temp_dir().join(format!("asyncio-echo-{}", std::process::id()));
    ///     let server = event_loop.create_unix_server(|| Echo, &path).backlog(20).await?;
    ///     println!("listening on {}", server.sockets()[0].unix_sockname()?);
    ///     server.close();
    ///     assert!(!path.exists());
    ///     server.wait_closed().await
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn create_unix_server<F, P, K>(&self, mut factory: F, path: impl Into<UnixAddress>) -> CreateUnixServer
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let factory = Box::new(move || Ok(Binding::of(factory()).endpoint));
        CreateUnixServer::new(self.clone(), factory, Place::At(path.into()))
    }

    /// As [`create_unix_server`](Self::create_unix_server), with a socket that is bound already. Python:
    /// `loop.create_unix_server(…, sock=…)`.
    ///
    /// Awaiting it gives `ValueError` if that is no unix stream socket.
    #[track_caller]
    pub fn create_unix_server_with_sock<F, P, K>(&self, mut factory: F, sock: impl Into<OwnedFd>) -> CreateUnixServer
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let factory = Box::new(move || Ok(Binding::of(factory()).endpoint));
        CreateUnixServer::new(self.clone(), factory, Place::On(sock.into()))
    }
}

impl CreateUnixServer {
    #[track_caller]
    fn new(event_loop: EventLoop, factory: Factory, place: Place) -> Self {
        let options = Options { backlog: BACKLOG, start_serving: true, cleanup_socket: true };
        Self { event_loop, factory, place, options, secure: Secure::default(), site: Location::caller() }
    }

    /// What is wanted of TLS.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing can be wanted without TLS"))]
    pub(super) fn secure(&mut self) -> &mut Secure {
        &mut self.secure
    }

    /// How many connections may wait to be accepted; 100.
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.options.backlog = backlog;
        self
    }

    /// Whether the server listens at once; it does. See [`Server::start_serving`]. One that never does is closed with its
    /// last handle; debug mode warns of that.
    pub fn start_serving(mut self, enabled: bool) -> Self {
        self.options.start_serving = enabled;
        self
    }

    /// Whether closing the server removes the file of its socket; it does, unless that is another one by then.
    pub fn cleanup_socket(mut self, enabled: bool) -> Self {
        self.options.cleanup_socket = enabled;
        self
    }
}

impl IntoFuture for CreateUnixServer {
    type Output = Result<Server>;
    type IntoFuture = Creating<Server>;

    fn into_future(self) -> Creating<Server> {
        Creating::new(create(self))
    }
}

async fn create(this: CreateUnixServer) -> Result<Server> {
    let CreateUnixServer { event_loop, factory, place, options, secure, site } = this;
    check_running(&event_loop)?;
    let factory = secure.for_server("create_unix_server")?.dress_all(event_loop.inner(), factory);
    let socket = match place {
        Place::At(address) => bind_at(&address, Socket::unix)?,
        Place::On(fd) => adopt_any_unix(fd, "create_unix_server_with_sock")?,
    };
    let file = if options.cleanup_socket { file_of(&socket) } else { None };
    let server = Server::new(Network::of(event_loop.inner()), vec![socket], factory, options.backlog, site);
    if let Some(file) = file {
        server.remove_at_close(file);
    }
    if options.start_serving { server.served(&event_loop).await } else { Ok(server) }
}

/// A socket under this name; a stale one that lies there is removed.
pub(super) fn bind_at(address: &UnixAddress, socket: impl FnOnce() -> io::Result<Socket>) -> Result<Socket> {
    if let Some(path) = address.as_path() {
        if let Err(error) = sys::remove_socket_file(path) {
            // The folder may permit to make files only; whether this matters, binding will show.
            crate::log::record!(error, "ASY0026: the stale socket {} could not be removed: {error}", path.display());
        }
    }
    let bound = socket().and_then(|socket| socket.bind_unix(address).map(|()| socket));
    bound
        .map_err(|error| Error::os_error_at(error, format_args!("error while attempting to bind on address {address}")))
}

/// The file that the socket is bound to. `None` if there is none, or none any more.
fn file_of(socket: &Socket) -> Option<SocketFile> {
    let Ok(Some(Address::Unix(address))) = socket.local_address() else { return None };
    SocketFile::of(address.as_path()?).ok()
}

impl fmt::Debug for CreateUnixServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateUnixServer").field("place", &self.place).field("options", &self.options).finish()
    }
}
