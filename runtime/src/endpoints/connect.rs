//! `create_connection`.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use super::creating::{Creating, check_running};
use super::unfinished::Unfinished;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, ExceptionGroup, Result};
use crate::net::{AddressFamily, Target, connect, resolve_one};
use crate::protocols::{Binding, IntoEndpoint, ProtocolHandle};
use crate::sys::{Address, Socket};
use crate::transports::{Network, Stream, Transport};

/// What to connect.
#[derive(Debug)]
enum Place {
    To(String, u16),
    On(OwnedFd),
}

/// A connection to be made: options, and then `.await`. See [`EventLoop::create_connection`].
#[must_use = "nothing is connected until this is awaited: write `.await`"]
pub struct CreateConnection<P> {
    event_loop: EventLoop,
    factory: Box<dyn FnOnce() -> Binding<P>>,
    place: Place,
    options: Options,
}

#[derive(Debug, Default)]
struct Options {
    family: Option<AddressFamily>,
    local: Option<(String, u16)>,
    all_errors: bool,
}

impl EventLoop {
    /// Connects to a TCP server; the connection gets the protocol that `factory` makes. Python:
    /// `loop.create_connection()`.
    ///
    /// The host's name is resolved on another thread, and its addresses are tried one after the other. An empty name
    /// means this machine. When the builder's `.await` returns, `connection_made` was called. It gives
    ///
    /// - `ResolveError` if the host has no address;
    /// - `OsError` with the address if one failed to connect; if several did, their texts under "Multiple exceptions",
    ///   or all of them as an `ExceptionGroup` with [`all_errors`](CreateConnection::all_errors).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Transport;
    ///
    /// struct Shout;
    ///
    /// #[asyncio::protocol]
    /// impl Shout {
    ///     fn connection_made(&mut self, transport: &Transport) {
    ///         transport.write(b"hello");
    ///         transport.close();
    ///     }
    /// }
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let server = event_loop.create_server(|| Shout, "127.0.0.1", 0).await?;
    ///     let port = server.sockets()[0].getsockname()?.port();
    ///     let (transport, _protocol) = event_loop.create_connection(|| Shout, "127.0.0.1", port).await?;
    ///     assert!(transport.is_closing());
    ///     server.close();
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn create_connection<F, P, K>(&self, factory: F, host: impl ToString, port: u16) -> CreateConnection<P>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        CreateConnection::new(self.clone(), move || Binding::of(factory()), Place::To(host.to_string(), port))
    }

    /// As [`create_connection`](Self::create_connection), with a stream socket that is connected already. Python:
    /// `loop.create_connection(…, sock=…)`.
    ///
    /// Awaiting it gives `ValueError` if that is no stream socket.
    pub fn create_connection_with_sock<F, P, K>(&self, factory: F, sock: impl Into<OwnedFd>) -> CreateConnection<P>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        CreateConnection::new(self.clone(), move || Binding::of(factory()), Place::On(sock.into()))
    }
}

impl<P> CreateConnection<P> {
    fn new(event_loop: EventLoop, factory: impl FnOnce() -> Binding<P> + 'static, place: Place) -> Self {
        Self { event_loop, factory: Box::new(factory), place, options: Options::default() }
    }

    /// Only addresses of this family.
    pub fn family(mut self, family: AddressFamily) -> Self {
        self.options.family = Some(family);
        self
    }

    /// Connects from this host and port; 0 is any port.
    pub fn local_addr(mut self, host: impl ToString, port: u16) -> Self {
        self.options.local = Some((host.to_string(), port));
        self
    }

    /// Whether a failure is an `ExceptionGroup` with the error of each address; it is not.
    pub fn all_errors(mut self, enabled: bool) -> Self {
        self.options.all_errors = enabled;
        self
    }
}

impl<P: 'static> IntoFuture for CreateConnection<P> {
    type Output = Result<(Transport, ProtocolHandle<P>)>;
    type IntoFuture = Creating<(Transport, ProtocolHandle<P>)>;

    fn into_future(self) -> Self::IntoFuture {
        Creating::new(create(self))
    }
}

async fn create<P>(this: CreateConnection<P>) -> Result<(Transport, ProtocolHandle<P>)> {
    let CreateConnection { event_loop, factory, place, options } = this;
    check_running(&event_loop)?;
    let (socket, peer) = match place {
        Place::On(fd) => adopt(fd)?,
        Place::To(host, port) => {
            let (socket, peer) = connect_to_any(&event_loop, &host, port, &options).await?;
            (socket, Some(peer.into()))
        }
    };
    let Binding { endpoint, handle } = factory();
    let stream = Stream::new(&Network::of(event_loop.inner()), socket, peer, endpoint, None)?;
    let unfinished = Unfinished::new(stream.transport(), Transport::close);
    let made = event_loop.create_future();
    stream.start(Some(made.clone()));
    made.await?;
    let transport = unfinished.finish();
    if event_loop.get_debug() {
        crate::log::record!(debug, "{transport:?} is connected");
    }
    Ok((transport, handle))
}

fn adopt(fd: OwnedFd) -> Result<(Socket, Option<Address>)> {
    let socket = Socket::adopt(fd).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Error::value_error(format!("create_connection_with_sock: {error}")),
        _ => error.into(),
    })?;
    let peer = socket.peer_address().ok().flatten();
    Ok((socket, peer))
}

/// Tries the addresses of the host in turn.
async fn connect_to_any(
    event_loop: &EventLoop,
    host: &str,
    port: u16,
    options: &Options,
) -> Result<(Socket, SocketAddr)> {
    let addresses = resolve_one(event_loop, host, port, options.family, Target::Connect).await?;
    let from = match &options.local {
        Some((host, port)) => resolve_one(event_loop, host, *port, options.family, Target::Listen).await?,
        None => Vec::new(),
    };
    let mut errors = Vec::new();
    for address in addresses {
        match connect(event_loop, address, &from).await {
            Ok(socket) => return Ok((socket, address)),
            Err(error) => errors.push(error),
        }
    }
    Err(if options.all_errors { group(errors) } else { summary(errors) })
}

fn group(errors: Vec<Error>) -> Error {
    ExceptionGroup::new("create_connection failed", errors).into()
}

/// One error for several: the first if they all say the same.
fn summary(errors: Vec<Error>) -> Error {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let all_the_same = texts.windows(2).all(|pair| pair.first() == pair.last());
    let kind = errors.first().and_then(Error::io_kind).unwrap_or(io::ErrorKind::Other);
    match errors.into_iter().next() {
        Some(first) if all_the_same => first,
        _ => io::Error::new(kind, format!("Multiple exceptions: {}", texts.join(", "))).into(),
    }
}

impl<P> fmt::Debug for CreateConnection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateConnection").field("place", &self.place).field("options", &self.options).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> Error {
        Error::os_error_at(io::ErrorKind::ConnectionRefused.into(), address)
    }

    #[test]
    fn several_errors_with_one_text_are_one_error() {
        let error = summary(vec![refused("a"), refused("a")]);
        assert_eq!(error.to_string(), refused("a").to_string());
    }

    #[test]
    fn several_errors_with_different_texts_are_listed() {
        let error = summary(vec![refused("a"), refused("b")]);
        assert_eq!(error.io_kind(), Some(io::ErrorKind::ConnectionRefused));
        assert!(error.to_string().contains("Multiple exceptions: "));
        assert!(error.to_string().contains(": a, ") && error.to_string().ends_with(": b"));
    }
}
