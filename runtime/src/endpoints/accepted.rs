//! `connect_accepted_socket`.

use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;

use super::creating::{Creating, check_running};
use super::secure::Secure;
use super::set_up::{adopt, set_up};
use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::protocols::{Binding, IntoEndpoint, ProtocolHandle};
use crate::sys::OwnedFd;
use crate::transports::Transport;

/// A connection of somebody else's server, to be taken over: `.await` it. See [`EventLoop::connect_accepted_socket`].
#[must_use = "nothing is taken over until this is awaited: write `.await`"]
pub struct ConnectAcceptedSocket<P> {
    event_loop: EventLoop,
    factory: Box<dyn FnOnce() -> Binding<P>>,
    sock: OwnedFd,
    site: &'static Location<'static>,
    secure: Secure,
}

impl EventLoop {
    /// Takes over a connection that was accepted outside of the loop; it gets the protocol that `factory` makes.
    /// Python: `loop.connect_accepted_socket()`.
    ///
    /// For servers that accept in another way than [`create_server`](Self::create_server) does, with
    /// [`sock_accept`](Self::sock_accept) or on a thread for example. The socket need not be non-blocking. When the
    /// builder's `.await` returns, `connection_made` was called. It gives `ValueError` if that is no stream socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::{TcpListener, TcpStream};
    ///
    /// use asyncio::Transport;
    ///
    /// struct Welcome;
    ///
    /// #[asyncio::protocol]
    /// impl Welcome {
    ///     fn connection_made(&mut self, transport: &Transport) {
    ///         transport.write(b"welcome");
    ///     }
    /// }
    ///
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let listener = TcpListener::bind("127.0.0.1:0")?;
    ///     let client = TcpStream::connect(listener.local_addr()?)?;
    ///     let (conn, address) = listener.accept()?;
    ///     let (transport, _protocol) = event_loop.connect_accepted_socket(|| Welcome, conn).await?;
    ///     assert_eq!(transport.peername(), Some(address));
    ///     transport.close();
    /// #   drop(client);
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn connect_accepted_socket<F, P, K>(&self, factory: F, sock: impl Into<OwnedFd>) -> ConnectAcceptedSocket<P>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let factory = Box::new(move || Binding::of(factory()));
        let (event_loop, secure, site) = (self.clone(), Secure::default(), Location::caller());
        ConnectAcceptedSocket { event_loop, factory, sock: sock.into(), secure, site }
    }
}

impl<P> ConnectAcceptedSocket<P> {
    /// What is wanted of TLS.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing can be wanted without TLS"))]
    pub(super) fn secure(&mut self) -> &mut Secure {
        &mut self.secure
    }
}

impl<P: 'static> IntoFuture for ConnectAcceptedSocket<P> {
    type Output = Result<(Transport, ProtocolHandle<P>)>;
    type IntoFuture = Creating<(Transport, ProtocolHandle<P>)>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { event_loop, factory, sock, secure, site } = self;
        Creating::new(async move {
            check_running(&event_loop)?;
            let secure = secure.for_server("connect_accepted_socket")?;
            let (socket, peer) = adopt(sock, "connect_accepted_socket")?;
            let connected = set_up(&event_loop, socket, peer, factory(), &secure, site)?.await?;
            if event_loop.get_debug() {
                crate::log::record!(debug, "{:?} is handled", connected.0);
            }
            Ok(connected)
        })
    }
}

impl<P> fmt::Debug for ConnectAcceptedSocket<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectAcceptedSocket").field("sock", &self.sock).finish_non_exhaustive()
    }
}
