//! What a handshake has agreed on.

use super::{SslContext, TlsVersion};

/// The facts of one TLS connection. Python: `ssl.SSLObject`, as `get_extra_info("ssl_object")` gives it.
///
/// A picture of the moment at which it was asked for; all of it is there once the handshake is done.
#[derive(Clone, Debug)]
pub struct SslObject {
    pub(crate) context: SslContext,
    pub(crate) server_hostname: Option<String>,
    pub(crate) version: Option<TlsVersion>,
    pub(crate) cipher: Option<Cipher>,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) peer: Vec<Vec<u8>>,
    pub(crate) session_reused: bool,
}

impl SslObject {
    /// The context that the connection was made with. Python: `SSLObject.context`.
    pub fn context(&self) -> &SslContext {
        &self.context
    }

    /// Whether this is the server's side. Python: `SSLObject.server_side`.
    pub fn server_side(&self) -> bool {
        self.context.is_server()
    }

    /// The name that the client wanted to see; `None` on the server's side. Python: `SSLObject.server_hostname`.
    pub fn server_hostname(&self) -> Option<&str> {
        self.server_hostname.as_deref()
    }

    /// The version that is spoken. Python: `SSLObject.version()`.
    pub fn version(&self) -> Option<TlsVersion> {
        self.version
    }

    /// The cipher in use. Python: `SSLObject.cipher()`.
    pub fn cipher(&self) -> Option<&Cipher> {
        self.cipher.as_ref()
    }

    /// The application protocol that both sides speak. Python: `SSLObject.selected_alpn_protocol()`.
    pub fn selected_alpn_protocol(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// The peer's certificate in DER, if it showed one. Python: `SSLObject.getpeercert(binary_form=True)`.
    pub fn getpeercert(&self) -> Option<&[u8]> {
        self.peer.first().map(Vec::as_slice)
    }

    /// All certificates that the peer showed, its own first, in DER. Python: `SSLObject.get_unverified_chain()`.
    pub fn peer_chain(&self) -> &[Vec<u8>] {
        &self.peer
    }

    /// Whether an earlier session was resumed. Python: `SSLObject.session_reused`.
    pub fn session_reused(&self) -> bool {
        self.session_reused
    }

    /// Compression of TLS leaks secrets and does not exist here: always `None`. Python: `SSLObject.compression()`.
    pub fn compression(&self) -> Option<&str> {
        None
    }
}

/// A cipher suite. Python: the tuple of `SSLObject.cipher()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cipher {
    /// Its registered name, such as `TLS_AES_256_GCM_SHA384`.
    pub name: String,
    /// The version in which it is used.
    pub protocol: TlsVersion,
    /// How many bits its key has.
    pub bits: u16,
}
