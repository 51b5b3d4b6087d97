//! `create_connection`.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::time::Duration;

use super::creating::{Creating, check_running};
use super::secure::Secure;
use super::set_up::{adopt, set_up};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, ExceptionGroup, Result};
use crate::net::{AddressFamily, Pace, Target, connect, connect_to_any, number, resolve_one};
use crate::protocols::{Binding, IntoEndpoint, ProtocolHandle};
use crate::sys::{OwnedFd, Socket};
use crate::transports::Transport;

/// What to connect.
#[derive(Debug)]
enum Place {
    To(String, u16),
    On(OwnedFd),
}

impl Place {
    /// The host that a name was given for.
    fn host(&self) -> Option<&str> {
        match self {
            Self::To(host, _) => Some(host),
            Self::On(_) => None,
        }
    }
}

/// A connection to be made: options, and then `.await`. See [`EventLoop::create_connection`].
#[must_use = "nothing is connected until this is awaited: write `.await`"]
pub struct CreateConnection<P> {
    event_loop: EventLoop,
    factory: Box<dyn FnOnce() -> Binding<P>>,
    place: Place,
    options: Options,
    site: &'static Location<'static>,
    secure: Secure,
}

#[derive(Debug)]
struct Options {
    family: Option<AddressFamily>,
    proto: Option<i32>,
    flags: i32,
    local: Option<(String, u16)>,
    pace: Pace,
    all_errors: bool,
    /// The last one that was set.
    last: Option<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            family: None,
            proto: None,
            flags: 0,
            local: None,
            pace: Pace::RECOMMENDED,
            all_errors: false,
            last: None,
        }
    }
}

impl EventLoop {
    /// Connects to a TCP server; the connection gets the protocol that `factory` makes. Python:
    /// `loop.create_connection()`.
    ///
    /// The host's name is resolved on another thread. An empty name means this machine. Its addresses are tried as
    /// [`happy_eyeballs_delay`](CreateConnection::happy_eyeballs_delay) says, and the first connection is taken. When
    /// the builder's `.await` returns, `connection_made` was called. It gives
    ///
    /// - `ResolveError` if the host has no address, `OsError` with the host if it has none of the family asked for;
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
    #[track_caller]
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
    /// Awaiting it gives `ValueError` if that is no stream socket, or an option says how to connect.
    #[track_caller]
    pub fn create_connection_with_sock<F, P, K>(&self, factory: F, sock: impl Into<OwnedFd>) -> CreateConnection<P>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        CreateConnection::new(self.clone(), move || Binding::of(factory()), Place::On(sock.into()))
    }
}

impl<P> CreateConnection<P> {
    #[track_caller]
    fn new(event_loop: EventLoop, factory: impl FnOnce() -> Binding<P> + 'static, place: Place) -> Self {
        let (options, secure, site) = (Options::default(), Secure::default(), Location::caller());
        Self { event_loop, factory: Box::new(factory), place, options, secure, site }
    }

    /// What is wanted of TLS.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing can be wanted without TLS"))]
    pub(super) fn secure(&mut self) -> &mut Secure {
        &mut self.secure
    }

    fn set(mut self, option: &'static str) -> Self {
        self.options.last = Some(option);
        self
    }

    /// Only addresses of this family.
    pub fn family(mut self, family: AddressFamily) -> Self {
        self.options.family = Some(family);
        self.set("family")
    }

    /// The protocol of the sockets, in the system's number, such as `IPPROTO_MPTCP` or `IPPROTO_SCTP`; 0 and unless this
    /// is called it is TCP. One that the system does not have for streams is an `OsError`.
    ///
    /// The addresses are looked up as for TCP. A server of another protocol is made by
    /// [`create_server_with_sock`](EventLoop::create_server_with_sock).
    pub fn proto(mut self, proto: i32) -> Self {
        self.options.proto = (proto != 0).then_some(proto);
        self.set("proto")
    }

    /// The system's flags for looking up the host and the local one, such as `AI_ADDRCONFIG`; none. Hosts that are
    /// numbers are not looked up.
    pub fn flags(mut self, flags: i32) -> Self {
        self.options.flags = flags;
        self.set("flags")
    }

    /// Connects from this host and port; 0 is any port. Addresses of another family than the one that is tried are
    /// left out, and the first that can be bound is taken. Attempts that run at the same time share the port.
    pub fn local_addr(mut self, host: impl ToString, port: u16) -> Self {
        self.options.local = Some((host.to_string(), port));
        self.set("local_addr")
    }

    /// When a host has several addresses: after so long without an answer from one, the next is tried as well, and
    /// whichever answers first wins. 250 ms, as RFC 8305 recommends; `None` tries the next only when one has failed.
    ///
    /// A failure starts the next attempt at once in either case. The attempts that lose are closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Nothing;
    /// # #[asyncio::protocol]
    /// # impl Nothing {}
    /// # fn main() -> asyncio::Result<()> {
    /// # asyncio::run(async {
    /// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let port = listener.local_addr()?.port();
    /// let event_loop = asyncio::get_running_loop()?;
    /// let connection = event_loop.create_connection(|| Nothing, "localhost", port).happy_eyeballs_delay(None);
    /// let (transport, _protocol) = connection.await?;
    /// # transport.abort();
    /// # Ok::<_, asyncio::Error>(())
    /// # })
    /// # }
    /// ```
    pub fn happy_eyeballs_delay(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.options.pace.delay = delay.into();
        self.set("happy_eyeballs_delay")
    }

    /// How many addresses of the first family are tried before one of the other; then they take turns. 1 unless
    /// [`happy_eyeballs_delay`](Self::happy_eyeballs_delay) is `None`; 0 keeps the order of the resolver.
    pub fn interleave(mut self, first_address_family_count: usize) -> Self {
        self.options.pace.interleave = Some(first_address_family_count);
        self.set("interleave")
    }

    /// Whether a failure is an `ExceptionGroup` with the error of each address; it is not.
    pub fn all_errors(mut self, enabled: bool) -> Self {
        self.options.all_errors = enabled;
        self.set("all_errors")
    }
}

impl<P: 'static> IntoFuture for CreateConnection<P> {
    type Output = Result<(Transport, ProtocolHandle<P>)>;
    type IntoFuture = Creating<(Transport, ProtocolHandle<P>)>;

    fn into_future(self) -> Self::IntoFuture {
        Creating::new(create(self))
    }
}

/// Uses the options where they are: what is taken apart across an `.await` would be in the future's memory twice.
async fn create<P>(this: CreateConnection<P>) -> Result<(Transport, ProtocolHandle<P>)> {
    check_running(&this.event_loop)?;
    let secure = this.secure.for_client("create_connection", this.place.host())?;
    let (socket, peer) = match this.place {
        Place::On(fd) => match this.options.last {
            None => adopt(fd, "create_connection_with_sock")?,
            Some(option) => {
                let text = "says how to connect, and this socket is connected already; leave it out";
                return Err(Error::value_error(format!("create_connection_with_sock: {option}() {text}")));
            }
        },
        Place::To(host, port) => {
            let (socket, peer) = reach(&this.event_loop, &host, port, &this.options).await?;
            (socket, Some(peer.into()))
        }
    };
    let connected = set_up(&this.event_loop, socket, peer, (this.factory)(), &secure, this.site)?.await?;
    if this.event_loop.get_debug() {
        crate::log::record!(debug, "{:?} is connected", connected.0);
    }
    Ok(connected)
}

/// A connection to one of the host's addresses.
async fn reach(event_loop: &EventLoop, host: &str, port: u16, options: &Options) -> Result<(Socket, SocketAddr)> {
    let connected = match number(host, port, options.family).filter(|_| options.local.is_none()) {
        // It is known at once and has no rival: no list and no race is needed.
        Some(address) => match connect(event_loop, address, &[], false, options.proto).await {
            Ok(socket) => Ok((socket, address)),
            Err(error) => Err(vec![error]),
        },
        // Boxed: most connections within one machine need no memory for it.
        None => Box::pin(reach_any(event_loop, host, port, options)).await?,
    };
    connected.map_err(|errors| if options.all_errors { group(errors) } else { summary(errors) })
}

/// A connection to one of the addresses that a name has, or the error of each of them.
async fn reach_any(
    event_loop: &EventLoop,
    host: &str,
    port: u16,
    options: &Options,
) -> Result<Result<(Socket, SocketAddr), Vec<Error>>> {
    let (family, target) = (options.family, Target::flags(options.flags));
    let addresses = resolve_one(event_loop, host, port, family, target).await?;
    let from = match &options.local {
        Some((host, port)) => resolve_one(event_loop, host, *port, family, target.to_listen()).await?,
        None => Vec::new(),
    };
    Ok(connect_to_any(event_loop, addresses, from, options.proto, options.pace).await)
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
