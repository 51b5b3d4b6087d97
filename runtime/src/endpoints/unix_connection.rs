//! `create_unix_connection`.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::panic::Location;
use std::time::Duration;

use super::creating::{Creating, check_running};
use super::secure::Secure;
use super::set_up::{adopt_unix, set_up};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::protocols::{Binding, IntoEndpoint, ProtocolHandle};
use crate::sys::{Address, OwnedFd, Socket, UnixAddress};
use crate::transports::Transport;
use crate::wait::sleep;

/// How soon a busy server is tried again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(64));

/// What to connect.
#[derive(Debug)]
enum Place {
    To(UnixAddress),
    On(OwnedFd),
}

/// A connection to be made: `.await` it. See [`EventLoop::create_unix_connection`].
#[must_use = "nothing is connected until this is awaited: write `.await`"]
pub struct CreateUnixConnection<P> {
    event_loop: EventLoop,
    factory: Box<dyn FnOnce() -> Binding<P>>,
    place: Place,
    secure: Secure,
    /// Where the program asked for it.
    site: &'static Location<'static>,
}

impl EventLoop {
    /// Connects to the server of a unix socket; the connection gets the protocol that `factory` makes. Python:
    /// `loop.create_unix_connection()`.
    ///
    /// `path` names a file or, with a leading NUL, an abstract name. A server that has as many waiting clients as it
    /// wants is tried again until it has room. When the builder's `.await` returns, `connection_made` was called. It
    /// gives `OsError` with the path if there is no such server.
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
    ///     let path = std::env::temp_dir().join(format!("asyncio-shout-{}", std::process::id()));
    ///     let server = event_loop.create_unix_server(|| Shout, &path).await?;
    ///     let (transport, _protocol) = event_loop.create_unix_connection(|| Shout, &path).await?;
    ///     assert_eq!(transport.unix_peername(), Some(path.into()));
    ///     server.close();
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn create_unix_connection<F, P, K>(&self, factory: F, path: impl Into<UnixAddress>) -> CreateUnixConnection<P>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let factory = Box::new(move || Binding::of(factory()));
        CreateUnixConnection {
            event_loop: self.clone(),
            factory,
            place: Place::To(path.into()),
            secure: Secure::default(),
            site: Location::caller(),
        }
    }

    /// As [`create_unix_connection`](Self::create_unix_connection), with a socket that is connected already. Python:
    /// `loop.create_unix_connection(…, sock=…)`.
    ///
    /// Awaiting it gives `ValueError` if that is no unix stream socket.
    #[track_caller]
    pub fn create_unix_connection_with_sock<F, P, K>(
        &self,
        factory: F,
        sock: impl Into<OwnedFd>,
    ) -> CreateUnixConnection<P>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let factory = Box::new(move || Binding::of(factory()));
        CreateUnixConnection {
            event_loop: self.clone(),
            factory,
            place: Place::On(sock.into()),
            secure: Secure::default(),
            site: Location::caller(),
        }
    }
}

impl<P> CreateUnixConnection<P> {
    /// What is wanted of TLS.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing can be wanted without TLS"))]
    pub(super) fn secure(&mut self) -> &mut Secure {
        &mut self.secure
    }
}

impl<P: 'static> IntoFuture for CreateUnixConnection<P> {
    type Output = Result<(Transport, ProtocolHandle<P>)>;
    type IntoFuture = Creating<(Transport, ProtocolHandle<P>)>;

    fn into_future(self) -> Self::IntoFuture {
        Creating::new(create(self))
    }
}

async fn create<P>(this: CreateUnixConnection<P>) -> Result<(Transport, ProtocolHandle<P>)> {
    let CreateUnixConnection { event_loop, factory, place, secure, site } = this;
    check_running(&event_loop)?;
    let secure = secure.for_client("create_unix_connection", None)?;
    let (socket, peer) = match place {
        Place::To(address) => (connect(&address).await?, Some(Address::from(address))),
        Place::On(fd) => adopt_unix(fd, "create_unix_connection_with_sock")?,
    };
    let connected = set_up(&event_loop, socket, peer, factory(), &secure, site)?.await?;
    if event_loop.get_debug() {
        crate::log::record!(debug, "{:?} is connected", connected.0);
    }
    Ok(connected)
}

async fn connect(address: &UnixAddress) -> Result<Socket> {
    let at = |error| Error::os_error_at(error, address);
    let socket = Socket::unix().map_err(at)?;
    let (mut delay, longest) = RETRY;
    loop {
        match socket.connect_unix(address) {
            Ok(()) => return Ok(socket),
            // Nothing reports when it has room.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(delay).await,
            Err(error) => return Err(at(error)),
        }
        delay = longest.min(delay * 2);
    }
}

impl<P> fmt::Debug for CreateUnixConnection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateUnixConnection").field("place", &self.place).finish_non_exhaustive()
    }
}
