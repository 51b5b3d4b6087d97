//! `start_tls`: a connection that began in the clear goes on in TLS.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::layer::{Layer, Options, check_side};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result, SslError, SslReason};
use crate::protocols::{Binding, IntoEndpoint};
use crate::ssl::SslContext;
use crate::transports::{Endpoint, Transport, checked_after};

/// An upgrade to be made: options, and then `.await`. See [`EventLoop::start_tls`].
///
/// Reading is paused from its making on. Dropped without having been awaited it goes on, and nothing has changed.
#[must_use = "nothing is upgraded until this is awaited: write `.await`"]
pub struct StartTls {
    event_loop: EventLoop,
    /// `None` once it is awaited.
    transport: Option<Transport>,
    context: SslContext,
    protocol: Option<Rc<dyn Endpoint>>,
    server_side: bool,
    options: Options,
    was_reading: bool,
}

impl EventLoop {
    /// Goes on with a connection in TLS. Python: `loop.start_tls()`.
    ///
    /// The protocol stays, unless another is [named](StartTls::protocol), and `connection_made` is not called again; its
    /// callbacks get the new transport, which is what awaiting gives. The old one must not be written to any more. A
    /// transport that speaks TLS already can be upgraded as well: then there is TLS in TLS.
    ///
    /// Reading is paused by this very call, so that no callback gets what belongs to the handshake. Make it where the
    /// last plaintext was understood, inside a callback for instance, and await it in a task. An `async fn` handler may
    /// await it itself; the callbacks after it get what came by way of TLS.
    ///
    /// Bytes behind the command that asks for TLS are nobody's, for they may be somebody else's. Those that were not told
    /// yet are noticed here, and so are those that wait in a protocol of lines or frames, or in a stream. A protocol that
    /// gets bytes as they come has them already if they came in one piece with the command: only it knows where the
    /// command ends. It has to refuse them, and to keep nothing of what it has received for the time after the upgrade,
    /// as the example `starttls` does.
    ///
    /// Awaiting gives
    ///
    /// - `SslError` with [`PlaintextBeforeTls`](SslReason::PlaintextBeforeTls) if plaintext had been received and not
    ///   used up. Somebody may have slipped it in, to be taken for a part of the protected conversation;
    /// - `SslError` with the reason if the two sides cannot agree; with [`NotTls`](SslReason::NotTls) if plaintext comes
    ///   where the handshake should;
    /// - `OsError` if the peer leaves in the middle of the handshake or takes too long;
    /// - `ValueError` if the context is for the other side, or an option is out of range or missing;
    /// - `SslError` if the context cannot be used as it is, so that there is nothing to begin with;
    /// - `RuntimeError` if the connection is closing, if a file is being [sent](Self::sendfile) on it, or if this is a
    ///   transport below TLS already.
    ///
    /// After the last three nothing has changed. After any other failure, or a cancel, the connection is closed, and the
    /// protocol gets its `connection_lost`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(transport: asyncio::Transport) -> asyncio::Result<()> {
    /// let context = asyncio::ssl::create_default_context().build()?;
    /// let event_loop = asyncio::get_running_loop()?;
    /// let transport = event_loop.start_tls(&transport, &context).server_hostname("mail.example.org").await?;
    /// transport.write(b"EHLO client.example.org\r\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A server whose protocol upgrades itself:
    ///
    /// ```
    /// use asyncio::Transport;
    /// use asyncio::ssl::SslContext;
    ///
    /// struct Mail {
    ///     context: SslContext,
    /// }
    ///
    /// #[asyncio::protocol(lines)]
    /// impl Mail {
    ///     async fn line_received(&mut self, transport: &Transport, line: &[u8]) -> asyncio::Result<()> {
    ///         match line {
    ///             b"STARTTLS" => {
    ///                 let upgrade = asyncio::get_running_loop()?.start_tls(transport, &self.context).server_side(true);
    ///                 transport.write(b"220 go ahead\r\n");
    ///                 upgrade.await?;
    ///             }
    ///             // From then on `transport` is the one that encrypts.
    ///             _ => transport.write(b"250 understood\r\n"),
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn start_tls(&self, transport: &Transport, sslcontext: impl Into<SslContext>) -> StartTls {
        let was_reading = transport.is_reading();
        transport.pause_reading();
        StartTls {
            event_loop: self.clone(),
            transport: Some(transport.clone()),
            context: sslcontext.into(),
            protocol: None,
            server_side: false,
            options: Options::default(),
            was_reading,
        }
    }
}

impl StartTls {
    /// Gives the connection to another protocol, whose `connection_made` is not called either.
    pub fn protocol<P, K>(mut self, protocol: P) -> Self
    where
        P: IntoEndpoint<K>,
    {
        self.protocol = Some(Binding::of(protocol).endpoint);
        self
    }

    /// Whether this is the server's side; it is the client's.
    pub fn server_side(mut self, enabled: bool) -> Self {
        self.server_side = enabled;
        self
    }

    /// Whose certificate a client expects. It has to be said: the transport does not know the host's name.
    pub fn server_hostname(mut self, name: impl Into<String>) -> Self {
        self.options.server_hostname = Some(name.into());
        self
    }

    /// How long the handshake may take; 60 seconds.
    pub fn ssl_handshake_timeout(mut self, timeout: Duration) -> Self {
        self.options.handshake_timeout = Some(timeout);
        self
    }

    /// How long a closed connection waits for the peer's last word before it is aborted; 30 seconds.
    pub fn ssl_shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.options.shutdown_timeout = Some(timeout);
        self
    }

    /// Puts the layer between the transport and its protocol.
    fn begin(&mut self) -> Result<Begun> {
        self.options.check("start_tls")?;
        check_side("start_tls", &self.context, self.server_side)?;
        let transport = self.transport.clone().expect("it is awaited once");
        let present = transport.endpoint().filter(|_| !transport.is_closing()).ok_or_else(|| {
            Error::runtime_error("start_tls: the connection is closing or closed, there is nothing to upgrade")
        })?;
        if transport.io().is_sending_file() {
            return Err(Error::runtime_error(
                "start_tls: sendfile() is in progress on this transport; await it before you upgrade",
            ));
        }
        if present.outer().is_some() {
            return Err(Error::runtime_error(
                "start_tls: this transport carries TLS already; for TLS in TLS use the transport that the first upgrade gave",
            ));
        }
        let inner = self.event_loop.inner();
        let above = match self.protocol.take() {
            Some(protocol) => checked_after(inner, Some(present.clone()), protocol),
            None => present.clone(),
        };
        let layer = Layer::new(inner, above, &self.context, &self.options, true)?;
        self.transport = None;
        let closing = Closing { transport: Some(transport.clone()) };
        check_all_taken(&transport, &*present)?;
        layer.change(|state| state.set_told_full(transport.io().has_paused_writer()));
        transport.io().set_endpoint(layer.clone(), Vec::new());
        if transport.io().is_held() {
            // By the handler that awaits this: the protocol is busy, the handshake must not be.
            layer.transport().set_held(true);
            transport.set_held(false);
        }
        Ok(Begun { layer, present, closing })
    }
}

/// What was put between a transport and its protocol.
struct Begun {
    layer: Rc<Layer>,
    /// Whose protocol it was until then.
    present: Rc<dyn Endpoint>,
    closing: Closing,
}

/// Refuses to go on if something was received in the clear that the program has not got.
fn check_all_taken(transport: &Transport, endpoint: &dyn Endpoint) -> Result<()> {
    if !(endpoint.has_unread() || transport.io().has_unread()) {
        return Ok(());
    }
    let text = "start_tls: plaintext was received and not used up; it must not become a part of the protected \
                conversation, so the connection is closed";
    Err(SslError::new(SslReason::PlaintextBeforeTls, text).with_peer(transport.io().peername()).into())
}

impl IntoFuture for StartTls {
    type Output = Result<Transport>;
    type IntoFuture = Upgrading;

    fn into_future(mut self) -> Upgrading {
        // Now, not at the first poll: what comes from here on is ciphertext.
        let begun = self.begin();
        let event_loop = self.event_loop.clone();
        Upgrading {
            work: Box::pin(async move {
                let Begun { layer, present, closing } = begun?;
                let transport = closing.transport.clone().expect("it is taken at the end");
                let shaken = event_loop.create_future();
                layer.set_waiter(shaken.clone());
                let below = transport.clone();
                // When the callback has returned in which this was asked for, it is known what it has taken.
                layer.upgrade(transport, move || check_all_taken(&below, &*present));
                shaken.await?;
                closing.finish();
                Ok(layer.transport())
            }),
        }
    }
}

impl Drop for StartTls {
    fn drop(&mut self) {
        if let Some(transport) = self.transport.take().filter(|_| self.was_reading) {
            transport.resume_reading();
        }
    }
}

impl fmt::Debug for StartTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartTls").field("transport", &self.transport).field("context", &self.context).finish()
    }
}

/// An upgrade that is under way.
///
/// # Cancellation
///
/// The connection is closed.
#[must_use = "nothing is upgraded until this is awaited: write `.await`"]
pub struct Upgrading {
    work: Pin<Box<dyn Future<Output = Result<Transport>>>>,
}

impl Future for Upgrading {
    type Output = Result<Transport>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Transport>> {
        self.work.as_mut().poll(cx)
    }
}

impl fmt::Debug for Upgrading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrading").finish_non_exhaustive()
    }
}

/// Closes the connection unless the upgrade succeeds.
struct Closing {
    transport: Option<Transport>,
}

impl Closing {
    fn finish(mut self) {
        self.transport = None;
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(transport) = self.transport.take() {
            transport.close();
        }
    }
}
