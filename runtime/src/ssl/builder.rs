//! `create_default_context`, and what can be asked of a context.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, KeyLogFile, ServerConfig, SupportedProtocolVersion, version};

use super::chains::Chains;
use super::context::{Side, SslContext};
use super::cryptography;
use super::material::{Material, certificates_in, unusable};
use super::reason::explain;
use super::trust::{Checks, judge, store};
use crate::exceptions::{Error, Result};

static FROM_V1_2: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];
static FROM_V1_3: [&SupportedProtocolVersion; 1] = [&version::TLS13];

/// What a context is for: whom it checks. Python: `ssl.Purpose`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// For clients, which check servers. Python: `SERVER_AUTH`.
    #[default]
    ServerAuth,
    /// For servers, which may check clients. Python: `CLIENT_AUTH`.
    ClientAuth,
}

/// A version of TLS. Python: `ssl.TLSVersion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_2 => "TLSv1.2",
            Self::V1_3 => "TLSv1.3",
        })
    }
}

/// Whether a server asks its clients for a certificate. Python: `ssl.VerifyMode`.
///
/// Servers are always checked; see [`SslContextBuilder::danger_accept_any_certificate`] for the exception.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerifyMode {
    /// It does not ask. Python: `CERT_NONE`.
    #[default]
    None,
    /// It asks, and checks what it is shown; clients may show nothing. Python: `CERT_OPTIONAL`.
    Optional,
    /// It asks, and refuses clients that show nothing. Python: `CERT_REQUIRED`.
    Required,
}

/// A context in the making. See [`create_default_context`].
#[derive(Clone)]
#[must_use = "there is no context until this is built: call `.build()`"]
pub struct SslContextBuilder {
    purpose: Purpose,
    roots: Vec<Roots>,
    /// Whether the system's authorities count beside those that are named.
    default_roots: bool,
    chains: Vec<(Material, Material)>,
    alpn: Vec<Vec<u8>>,
    minimum: TlsVersion,
    verify_mode: VerifyMode,
    checks: Checks,
    keylog: bool,
    resumption: bool,
}

#[derive(Clone)]
enum Roots {
    In(Material),
    Folder(PathBuf),
}

/// Begins a context with the settings that are right for most. Python: `ssl.create_default_context()`.
///
/// For clients: the system decides whom to trust, unless authorities are named; TLS 1.2 and 1.3; names are checked;
/// sessions are resumed. For servers, [`purpose`](SslContextBuilder::purpose) and a certificate have to be given.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> asyncio::Result<()> {
/// let context = asyncio::ssl::create_default_context().set_alpn_protocols(["h2", "http/1.1"]).build()?;
/// # drop(context);
/// # Ok(())
/// # }
/// ```
pub fn create_default_context() -> SslContextBuilder {
    SslContextBuilder {
        purpose: Purpose::ServerAuth,
        roots: Vec::new(),
        default_roots: false,
        chains: Vec::new(),
        alpn: Vec::new(),
        minimum: TlsVersion::V1_2,
        verify_mode: VerifyMode::None,
        checks: Checks::All,
        keylog: false,
        resumption: true,
    }
}

impl SslContextBuilder {
    /// Whether it is for clients or for servers; for clients.
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Trusts the authorities in this PEM file instead of the system's. Python: `cafile`.
    pub fn cafile(mut self, path: impl AsRef<Path>) -> Self {
        self.roots.push(Roots::In(Material::File(path.as_ref().to_owned())));
        self
    }

    /// Trusts the authorities in the files of this folder instead of the system's. Python: `capath`.
    pub fn capath(mut self, path: impl AsRef<Path>) -> Self {
        self.roots.push(Roots::Folder(path.as_ref().to_owned()));
        self
    }

    /// Trusts these authorities, in PEM or one in DER, instead of the system's. Python: `cadata`.
    pub fn cadata(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.roots.push(Roots::In(Material::Bytes(bytes.as_ref().to_owned())));
        self
    }

    /// Trusts the system's authorities beside those that are named. Python: `SSLContext.load_default_certs()`.
    ///
    /// Without any that are named a client trusts them anyway.
    pub fn load_default_certs(mut self) -> Self {
        self.default_roots = true;
        self
    }

    /// Presents the certificate of this PEM file, with those of its authorities behind it, and signs with that key.
    /// Python: `SSLContext.load_cert_chain()`.
    ///
    /// A server may have several: a client is shown the first that is for the name it asks for, or else the first.
    /// Keys are not encrypted.
    pub fn load_cert_chain(mut self, certfile: impl AsRef<Path>, keyfile: impl AsRef<Path>) -> Self {
        let [chain, key] = [certfile.as_ref(), keyfile.as_ref()].map(|path| Material::File(path.to_owned()));
        self.chains.push((chain, key));
        self
    }

    /// As [`load_cert_chain`](Self::load_cert_chain), with PEM or DER from memory.
    pub fn load_cert_chain_from(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let [chain, key] = [chain.as_ref(), key.as_ref()].map(|bytes| Material::Bytes(bytes.to_owned()));
        self.chains.push((chain, key));
        self
    }

    /// Speaks these application protocols, the dearest first. Python: `SSLContext.set_alpn_protocols()`.
    ///
    /// Two sides that both name some and have none in common cannot connect.
    pub fn set_alpn_protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        self.alpn = protocols.into_iter().map(|protocol| protocol.as_ref().to_owned()).collect();
        self
    }

    /// Speaks nothing older; TLS 1.2. Python: `SSLContext.minimum_version`.
    pub fn minimum_version(mut self, version: TlsVersion) -> Self {
        self.minimum = version;
        self
    }

    /// Whether a server asks for certificates; it does not. Python: `SSLContext.verify_mode`.
    ///
    /// Whom it believes, [`cafile`](Self::cafile), [`capath`](Self::capath) or [`cadata`](Self::cadata) must say.
    pub fn verify_mode(mut self, mode: VerifyMode) -> Self {
        self.verify_mode = mode;
        self
    }

    /// Whether sessions are resumed, which spares most of the handshake; they are.
    pub fn session_resumption(mut self, enabled: bool) -> Self {
        self.resumption = enabled;
        self
    }

    /// Writes the keys of all connections to the file that the environment variable `SSLKEYLOGFILE` names, if it is
    /// set. Python: `SSLContext.keylog_filename`, which obeys the variable unasked.
    ///
    /// Who can read that file can read the connections. It is for looking at one's own traffic.
    pub fn keylog_to_sslkeylogfile(mut self) -> Self {
        self.keylog = true;
        self
    }

    /// Believes certificates whatever name they are for. Python: `SSLContext.check_hostname = False`.
    ///
    /// Whoever has a certificate of a trusted authority, for any name, can then pass for the server.
    pub fn danger_accept_any_hostname(mut self) -> Self {
        if self.checks == Checks::All {
            self.checks = Checks::WithoutName;
        }
        self
    }

    /// Believes every certificate. Python: `SSLContext.verify_mode = CERT_NONE` on the client's side.
    ///
    /// Whoever is on the way to the server can then read and change everything.
    pub fn danger_accept_any_certificate(mut self) -> Self {
        self.checks = Checks::None;
        self
    }

    /// Reads the files and makes the context.
    ///
    /// # Errors
    ///
    /// `OsError` with the path if a file cannot be read; `SslError` if what it holds cannot be used, or if a server has
    /// no certificate.
    pub fn build(&self) -> Result<SslContext> {
        let provider = Arc::new(cryptography::default_provider());
        let side = match self.purpose {
            Purpose::ServerAuth => Side::Client(Arc::new(self.client(&provider)?)),
            Purpose::ClientAuth => Side::Server(Arc::new(self.server(&provider)?)),
        };
        Ok(SslContext::new(side))
    }

    fn client(&self, provider: &Arc<CryptoProvider>) -> Result<ClientConfig> {
        if self.verify_mode != VerifyMode::None {
            return Err(unusable("verify_mode() is for servers; clients check servers always"));
        }
        let system = self.default_roots || self.roots.is_empty();
        let judge = judge(self.trusted()?, system, self.checks, provider)?;
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(self.versions())
            .map_err(failed)?
            .dangerous()
            .with_custom_certificate_verifier(judge);
        let mut config = match self.chains.as_slice() {
            [] => builder.with_no_client_auth(),
            [(chain, key)] => builder.with_client_auth_cert(chain.certificates()?, key.key()?).map_err(failed)?,
            _ => return Err(unusable("a client has one certificate: call load_cert_chain() once")),
        };
        config.alpn_protocols.clone_from(&self.alpn);
        if self.keylog {
            config.key_log = Arc::new(KeyLogFile::new());
        }
        if !self.resumption {
            config.resumption = Resumption::disabled();
        }
        Ok(config)
    }

    fn server(&self, provider: &Arc<CryptoProvider>) -> Result<ServerConfig> {
        if self.checks != Checks::All {
            return Err(unusable("the methods that begin with danger are for clients; see verify_mode() for servers"));
        }
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(self.versions())
            .map_err(failed)?;
        let builder = if self.verify_mode == VerifyMode::None {
            builder.with_no_client_auth()
        } else {
            let judge =
                WebPkiClientVerifier::builder_with_provider(Arc::new(store(self.trusted()?)?), provider.clone());
            let judge = if self.verify_mode == VerifyMode::Optional { judge.allow_unauthenticated() } else { judge };
            let judge = judge.build().map_err(|error| unusable(format!("clients cannot be checked: {error}")))?;
            builder.with_client_cert_verifier(judge)
        };
        let mut config = builder.with_cert_resolver(Arc::new(Chains::new(self.keys(provider)?)));
        config.alpn_protocols.clone_from(&self.alpn);
        if self.keylog {
            config.key_log = Arc::new(KeyLogFile::new());
        }
        if !self.resumption {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    }

    fn keys(&self, provider: &CryptoProvider) -> Result<Vec<Arc<CertifiedKey>>> {
        if self.chains.is_empty() {
            return Err(unusable("a server needs a certificate and its key: give them with load_cert_chain()"));
        }
        let certified = |(chain, key): &(Material, Material)| {
            let certified = CertifiedKey::from_der(chain.certificates()?, key.key()?, provider);
            Ok(Arc::new(certified.map_err(failed)?))
        };
        self.chains.iter().map(certified).collect()
    }

    fn trusted(&self) -> Result<Vec<CertificateDer<'static>>> {
        let mut trusted = Vec::new();
        for roots in &self.roots {
            trusted.extend(match roots {
                Roots::In(material) => material.certificates()?,
                Roots::Folder(path) => certificates_in(path)?,
            });
        }
        Ok(trusted)
    }

    fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        match self.minimum {
            TlsVersion::V1_2 => &FROM_V1_2,
            TlsVersion::V1_3 => &FROM_V1_3,
        }
    }
}

fn failed(error: rustls::Error) -> Error {
    explain(&error).into()
}

impl fmt::Debug for SslContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SslContextBuilder")
            .field("purpose", &self.purpose)
            .field("minimum_version", &self.minimum)
            .field("verify_mode", &self.verify_mode)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}
