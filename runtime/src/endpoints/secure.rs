//! The TLS options of the builders, and how a protocol is dressed in TLS before it meets its transport.

use std::rc::Rc;
use std::time::Duration;

use super::server::Factory;
use super::{ConnectAcceptedSocket, CreateConnection, CreateServer, CreateUnixConnection, CreateUnixServer};
use crate::event_loop::Inner;
use crate::exceptions::{Error, Result};
use crate::future::Future;
use crate::ssl::SslContext;
use crate::tls::{Layer, Options, check_side};
use crate::transports::{Endpoint, Medium, Stream, Transport};

/// The options that all builders have.
macro_rules! time_limits {
    () => {
        /// How long a handshake may take; 60 seconds.
        pub fn ssl_handshake_timeout(mut self, timeout: Duration) -> Self {
            self.secure().options.handshake_timeout = Some(timeout);
            self
        }

        /// How long a closed connection waits for the peer's last word before it is aborted; 30 seconds.
        pub fn ssl_shutdown_timeout(mut self, timeout: Duration) -> Self {
            self.secure().options.shutdown_timeout = Some(timeout);
            self
        }
    };
}

/// What a builder was asked for.
#[derive(Debug, Default)]
pub(crate) struct Secure {
    context: Option<SslContext>,
    options: Options,
}

impl Secure {
    /// Checks it for a connection to `host`, whose certificate is expected unless another name was given.
    pub(super) fn for_client(mut self, caller: &str, host: Option<&str>) -> Result<Self> {
        self.check(caller)?;
        let Some(context) = &self.context else { return Ok(self) };
        check_side(caller, context, false)?;
        if self.options.server_hostname.is_none() {
            self.options.server_hostname = host.map(str::to_owned);
        }
        if self.options.server_hostname.as_deref().unwrap_or_default().is_empty() {
            return Err(Error::value_error(format!(
                "{caller}: with ssl() and without a host, server_hostname() must say whose certificate is expected"
            )));
        }
        Ok(self)
    }

    /// Checks it for a server.
    pub(super) fn for_server(self, caller: &str) -> Result<Self> {
        self.check(caller)?;
        if let Some(context) = &self.context {
            check_side(caller, context, true)?;
        }
        Ok(self)
    }

    fn check(&self, caller: &str) -> Result<()> {
        let Options { server_hostname, handshake_timeout, shutdown_timeout } = &self.options;
        if server_hostname.is_none() && handshake_timeout.is_none() && shutdown_timeout.is_none() {
            return Ok(());
        }
        self.options.check(caller)?;
        if self.context.is_some() {
            return Ok(());
        }
        let lonely = [
            (server_hostname.is_some(), "server_hostname"),
            (handshake_timeout.is_some(), "ssl_handshake_timeout"),
            (shutdown_timeout.is_some(), "ssl_shutdown_timeout"),
        ];
        match lonely.iter().find(|(given, _)| *given) {
            Some((_, name)) => Err(Error::value_error(format!("{caller}: {name}() is only meaningful with ssl()"))),
            None => Ok(()),
        }
    }

    /// Puts TLS between the protocol and its transport, if it was asked for.
    pub(super) fn dress(&self, inner: &Rc<Inner>, endpoint: Rc<dyn Endpoint>) -> Result<Dressed> {
        Ok(match &self.context {
            None => Dressed::Plain(endpoint),
            Some(context) => Dressed::Tls(Layer::new(inner, endpoint, context, &self.options, false)?),
        })
    }

    /// As [`dress`](Self::dress), for each protocol of a server.
    pub(super) fn dress_all(self, inner: &Rc<Inner>, mut factory: Factory) -> Factory {
        if self.context.is_none() {
            return factory;
        }
        let inner = inner.clone();
        Box::new(move || Ok(self.dress(&inner, factory()?)?.endpoint()))
    }
}

/// A protocol, in TLS or not.
pub(super) enum Dressed {
    Plain(Rc<dyn Endpoint>),
    Tls(Rc<Layer>),
}

impl Dressed {
    pub(super) fn endpoint(&self) -> Rc<dyn Endpoint> {
        match self {
            Self::Plain(endpoint) => endpoint.clone(),
            Self::Tls(layer) => layer.clone(),
        }
    }

    /// Starts the connection. `made` is told once the protocol is connected, which is after the handshake.
    pub(super) fn start<M: Medium>(self, stream: &Rc<Stream<M>>, made: Future<()>) -> Transport {
        match self {
            Self::Plain(_) => {
                stream.start(Some(made));
                stream.transport()
            }
            Self::Tls(layer) => {
                layer.set_waiter(made);
                stream.start(None);
                layer.transport()
            }
        }
    }
}

impl<P> CreateConnection<P> {
    /// Speaks TLS. The server must prove that it is the host that was asked for, or the
    /// [`server_hostname`](Self::server_hostname).
    ///
    /// Awaiting gives `SslError` with the reason if the two cannot agree, `OsError` of the kind `ConnectionReset` if the
    /// server leaves in the middle of the handshake, and of the kind `ConnectionAborted` if that takes too long.
    /// `connection_made` is called after the handshake.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # struct Nothing;
    /// # #[asyncio::protocol]
    /// # impl Nothing {}
    /// # async fn example() -> asyncio::Result<()> {
    /// let context = asyncio::ssl::create_default_context().build()?;
    /// let event_loop = asyncio::get_running_loop()?;
    /// let (transport, protocol) = event_loop.create_connection(|| Nothing, "example.org", 443).ssl(&context).await?;
    /// # drop((transport, protocol));
    /// # Ok(())
    /// # }
    /// ```
    pub fn ssl(mut self, context: impl Into<SslContext>) -> Self {
        self.secure().context = Some(context.into());
        self
    }

    /// Expects a certificate for this name or address instead of the host's.
    pub fn server_hostname(mut self, name: impl Into<String>) -> Self {
        self.secure().options.server_hostname = Some(name.into());
        self
    }

    time_limits!();
}

impl CreateServer {
    /// Speaks TLS: a connection's protocol hears of it once the handshake is done.
    ///
    /// A handshake that fails is logged as a warning with its reason and the peer, or, in debug mode, given to the
    /// exception handler.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # struct Nothing;
    /// # #[asyncio::protocol]
    /// # impl Nothing {}
    /// use asyncio::ssl;
    ///
    /// # async fn example() -> asyncio::Result<()> {
    /// let context = ssl::create_default_context()
    ///     .purpose(ssl::Purpose::ClientAuth)
    ///     .load_cert_chain("cert.pem", "key.pem")
    ///     .build()?;
    /// let event_loop = asyncio::get_running_loop()?;
    /// let server = event_loop.create_server(|| Nothing, "127.0.0.1", 8443).ssl(&context).await?;
    /// # drop(server);
    /// # Ok(())
    /// # }
    /// ```
    pub fn ssl(mut self, context: impl Into<SslContext>) -> Self {
        self.secure().context = Some(context.into());
        self
    }

    time_limits!();
}

impl<P> ConnectAcceptedSocket<P> {
    /// Speaks TLS, as the server. Awaiting gives the errors of [`CreateConnection::ssl`].
    pub fn ssl(mut self, context: impl Into<SslContext>) -> Self {
        self.secure().context = Some(context.into());
        self
    }

    time_limits!();
}

impl<P> CreateUnixConnection<P> {
    /// Speaks TLS. There is no host: [`server_hostname`](Self::server_hostname) must say whose certificate is expected.
    ///
    /// Awaiting gives the errors of [`CreateConnection::ssl`].
    pub fn ssl(mut self, context: impl Into<SslContext>) -> Self {
        self.secure().context = Some(context.into());
        self
    }

    /// Expects a certificate for this name or address.
    pub fn server_hostname(mut self, name: impl Into<String>) -> Self {
        self.secure().options.server_hostname = Some(name.into());
        self
    }

    time_limits!();
}

impl CreateUnixServer {
    /// Speaks TLS, as [`CreateServer::ssl`] does.
    pub fn ssl(mut self, context: impl Into<SslContext>) -> Self {
        self.secure().context = Some(context.into());
        self
    }

    time_limits!();
}
