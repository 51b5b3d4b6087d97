//! `ssl.SSLError`: what went wrong in the TLS layer, whose fault it was, and with which peer.

use std::error::Error as StdError;
use std::fmt;

/// Why the TLS layer failed. The reasons that begin with `Certificate` are those of Python's
/// `ssl.SSLCertVerificationError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SslReason {
    /// The certificate's time is over.
    CertificateExpired,
    /// The certificate's time has not begun.
    CertificateNotYetValid,
    /// Nobody who is trusted has signed the certificate: its authority is unknown, or it is self-signed.
    CertificateUnknownIssuer,
    /// The certificate is for other names than the one that was asked for.
    CertificateNameMismatch,
    /// The authority took the certificate back.
    CertificateRevoked,
    /// Something else is wrong with the certificate; the text says what.
    CertificateInvalid,
    /// The server wants a certificate of the client's, and there was none.
    CertificateRequired,
    /// The peer refused our certificate; the text has its alert.
    CertificateRefused,
    /// The two sides have no version, cipher or key exchange in common.
    NoCommonProtocol,
    /// The two sides have no application protocol (ALPN) in common.
    NoApplicationProtocol,
    /// The peer ended the connection with an alert, which the text names.
    PeerAlert,
    /// What came is not TLS: the peer speaks something else, or plaintext was slipped in before an upgrade.
    NotTls,
    /// Plaintext was waiting to be read when the connection was upgraded: it must not be taken for a part of the
    /// protected conversation.
    PlaintextBeforeTls,
    /// The connection ended without the notice that all was said: its end may have been cut off. Python:
    /// `ssl.SSLEOFError`.
    Truncated,
    /// What came was changed on its way, or encrypted with another key.
    BadRecord,
    /// The peer broke the rules of the protocol.
    PeerMisbehaved,
    /// A certificate, key or option of our own cannot be used.
    Configuration,
    /// Anything else; the text says what.
    Other,
}

/// The TLS layer failed. Python: `ssl.SSLError`.
///
/// # Examples
///
/// ```
/// use asyncio::{Error, SslReason};
///
/// fn advice(error: &Error) -> &str {
///     match error {
///         Error::SslError(error) if error.reason() == SslReason::CertificateExpired => "tell the server's owner",
///         Error::SslError(error) if error.reason() == SslReason::Truncated => "do not trust what was read last",
///         _ => "try again",
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SslError {
    reason: SslReason,
    message: String,
    peer: Option<String>,
}

impl SslError {
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing fails without TLS"))]
    pub(crate) fn new(reason: SslReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), peer: None }
    }

    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing fails without TLS"))]
    pub(crate) fn with_peer(mut self, peer: Option<impl fmt::Display>) -> Self {
        self.peer = peer.map(|peer| peer.to_string());
        self
    }

    /// Why. Python: `SSLError.reason`.
    pub fn reason(&self) -> SslReason {
        self.reason
    }

    /// The details, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// With whom: the address of the other side, if there is one.
    pub fn peer(&self) -> Option<&str> {
        self.peer.as_deref()
    }

    /// Whether our side refused the peer's certificate. Python: `ssl.SSLCertVerificationError`.
    pub fn is_certificate_error(&self) -> bool {
        matches!(
            self.reason,
            SslReason::CertificateExpired
                | SslReason::CertificateNotYetValid
                | SslReason::CertificateUnknownIssuer
                | SslReason::CertificateNameMismatch
                | SslReason::CertificateRevoked
                | SslReason::CertificateInvalid
        )
    }
}

impl fmt::Display for SslError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SslError: {}", self.message)?;
        match &self.peer {
            Some(peer) => write!(f, ": {peer}"),
            None => Ok(()),
        }
    }
}

impl StdError for SslError {}
