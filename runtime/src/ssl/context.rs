//! `SslContext`: a finished context, to be shared.

use std::fmt;
use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};

/// A context for TLS connections of one side. Python: `ssl.SSLContext`.
///
/// Made by [`create_default_context`](super::create_default_context). Clones share one context and may cross threads;
/// connections that share a context can resume each other's sessions.
#[derive(Clone)]
pub struct SslContext {
    side: Side,
}

/// Which side of the conversation a context is for.
#[derive(Clone)]
pub(crate) enum Side {
    Client(Arc<ClientConfig>),
    Server(Arc<ServerConfig>),
}

impl SslContext {
    pub(super) fn new(side: Side) -> Self {
        Self { side }
    }

    /// Whether it is for servers: for [`Purpose::ClientAuth`](super::Purpose::ClientAuth).
    pub fn is_server(&self) -> bool {
        matches!(self.side, Side::Server(_))
    }

    pub(crate) fn side(&self) -> &Side {
        &self.side
    }
}

impl From<&Self> for SslContext {
    fn from(context: &Self) -> Self {
        context.clone()
    }
}

impl fmt::Debug for SslContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_server() { "<SslContext for servers>" } else { "<SslContext for clients>" })
    }
}
