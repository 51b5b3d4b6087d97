//! Streams over TLS: the options of the builders, and the upgrade of a stream that exists.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use super::open::OpenConnection;
use super::open_unix::OpenUnixConnection;
use super::serve::StartServer;
use super::serve_unix::StartUnixServer;
use super::writer::StreamWriter;
use crate::event_loop::get_running_loop;
use crate::exceptions::Result;
use crate::ssl::SslContext;
use crate::tls::StartTls;

/// The options that all have.
macro_rules! ssl {
    ($create:ident) => {
        #[doc = concat!("Speaks TLS. See [`", stringify!($create), "::ssl`](crate::", stringify!($create), "::ssl).")]
        pub fn ssl(self, context: impl Into<SslContext>) -> Self {
            self.with(|create| create.ssl(context))
        }

        /// How long the handshake may take; 60 seconds.
        pub fn ssl_handshake_timeout(self, timeout: Duration) -> Self {
            self.with(|create| create.ssl_handshake_timeout(timeout))
        }

        /// How long a closed connection waits for the peer's last word before it is aborted; 30 seconds.
        pub fn ssl_shutdown_timeout(self, timeout: Duration) -> Self {
            self.with(|create| create.ssl_shutdown_timeout(timeout))
        }
    };
}

impl OpenConnection {
    ssl!(CreateConnection);

    /// See [`CreateConnection::server_hostname`](crate::CreateConnection::server_hostname).
    pub fn server_hostname(self, name: impl Into<String>) -> Self {
        self.with(|create| create.server_hostname(name))
    }
}

impl OpenUnixConnection {
    ssl!(CreateUnixConnection);

    /// See [`CreateUnixConnection::server_hostname`](crate::CreateUnixConnection::server_hostname).
    pub fn server_hostname(self, name: impl Into<String>) -> Self {
        self.with(|create| create.server_hostname(name))
    }
}

impl StartServer {
    ssl!(CreateServer);
}

impl StartUnixServer {
    ssl!(CreateUnixServer);
}

impl StreamWriter {
    /// Goes on with the connection in TLS. Python: `StreamWriter.start_tls()`.
    ///
    /// On the server's side if the stream was accepted by a server, else on the client's. Reader and writer stay; what
    /// was written before is sent first, and nothing is received from this call on until the handshake.
    ///
    /// Awaiting it gives the errors of [`EventLoop::start_tls`](crate::EventLoop::start_tls). Among them is
    /// [`PlaintextBeforeTls`](crate::SslReason::PlaintextBeforeTls) if the reader holds something that was not read: it
    /// came in the clear, maybe from somebody between, and must not pass for what the peer has said under protection.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> asyncio::Result<()> {
    /// let (mut reader, mut writer) = asyncio::open_connection("mail.example.org", 25).await?;
    /// reader.readline().await?;
    /// writer.write(b"STARTTLS\r\n");
    /// reader.readline().await?;
    /// let context = asyncio::ssl::create_default_context().build()?;
    /// writer.start_tls(&context).server_hostname("mail.example.org").await?;
    /// writer.write(b"EHLO client.example.org\r\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_tls(&mut self, sslcontext: impl Into<SslContext>) -> StartStreamTls<'_> {
        let server_side = self.shared().outgoing.accepted.get();
        let upgrade = get_running_loop()
            .map(|event_loop| event_loop.start_tls(self.transport(), sslcontext).server_side(server_side));
        StartStreamTls { writer: self, upgrade }
    }
}

/// The upgrade of a stream: options, and then `.await`. See [`StreamWriter::start_tls`].
///
/// # Cancellation
///
/// The connection is closed, unless what was written before still waits to be sent.
#[must_use = "nothing is upgraded until this is awaited: write `.await`"]
pub struct StartStreamTls<'a> {
    writer: &'a mut StreamWriter,
    upgrade: Result<StartTls>,
}

impl StartStreamTls<'_> {
    fn with(mut self, option: impl FnOnce(StartTls) -> StartTls) -> Self {
        self.upgrade = self.upgrade.map(option);
        self
    }

    /// Whose certificate a client expects; it has to be said.
    pub fn server_hostname(self, name: impl Into<String>) -> Self {
        self.with(|upgrade| upgrade.server_hostname(name))
    }

    /// How long the handshake may take; 60 seconds.
    pub fn ssl_handshake_timeout(self, timeout: Duration) -> Self {
        self.with(|upgrade| upgrade.ssl_handshake_timeout(timeout))
    }

    /// How long a closed connection waits for the peer's last word before it is aborted; 30 seconds.
    pub fn ssl_shutdown_timeout(self, timeout: Duration) -> Self {
        self.with(|upgrade| upgrade.ssl_shutdown_timeout(timeout))
    }
}

impl<'a> IntoFuture for StartStreamTls<'a> {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let upgrade = self.upgrade?;
            self.writer.drain().await?;
            let transport = upgrade.await?;
            self.writer.go_on_with(transport);
            Ok(())
        })
    }
}

impl fmt::Debug for StartStreamTls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartStreamTls").field("writer", &self.writer).field("upgrade", &self.upgrade).finish()
    }
}
