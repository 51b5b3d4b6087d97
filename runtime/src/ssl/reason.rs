//! rustls's errors in asyncio's words: which reason, and what to do about it.

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::exceptions::{SslError, SslReason};

/// The error for a connection that failed with this.
pub(crate) fn explain(error: &TlsError) -> SslError {
    let (reason, advice) = reason(error);
    let mut message = match error {
        TlsError::InvalidCertificate(_) => format!("certificate verify failed: {error}"),
        _ => error.to_string(),
    };
    if !advice.is_empty() {
        message.push_str("; ");
        message.push_str(advice);
    }
    SslError::new(reason, message)
}

fn reason(error: &TlsError) -> (SslReason, &'static str) {
    match error {
        TlsError::InvalidCertificate(error) => certificate(error),
        TlsError::AlertReceived(alert) => (by_alert(*alert), ""),
        TlsError::NoCertificatesPresented => {
            (SslReason::CertificateRequired, "the peer showed no certificate although one was asked for")
        }
        TlsError::InvalidMessage(_) | TlsError::InappropriateMessage { .. } | TlsError::PeerSentOversizedRecord => {
            (SslReason::NotTls, "does the peer speak TLS here, and was nothing sent in the clear before it?")
        }
        TlsError::PeerIncompatible(_) => (SslReason::NoCommonProtocol, ""),
        TlsError::NoApplicationProtocol => (SslReason::NoApplicationProtocol, ""),
        TlsError::DecryptError => (SslReason::BadRecord, ""),
        TlsError::PeerMisbehaved(_) | TlsError::InappropriateHandshakeMessage { .. } => (SslReason::PeerMisbehaved, ""),
        TlsError::InconsistentKeys(_) | TlsError::BadMaxFragmentSize => (SslReason::Configuration, ""),
        _ => (SslReason::Other, ""),
    }
}

fn certificate(error: &CertificateError) -> (SslReason, &'static str) {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (SslReason::CertificateExpired, ""),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (SslReason::CertificateNotYetValid, "is the clock right?")
        }
        CertificateError::UnknownIssuer => (
            SslReason::CertificateUnknownIssuer,
            "it is self-signed or its authority is not trusted; if it should be, name that with cafile() or cadata()",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (SslReason::CertificateNameMismatch, "")
        }
        CertificateError::Revoked => (SslReason::CertificateRevoked, ""),
        _ => (SslReason::CertificateInvalid, ""),
    }
}

fn by_alert(alert: AlertDescription) -> SslReason {
    match alert {
        AlertDescription::CertificateRequired => SslReason::CertificateRequired,
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => SslReason::CertificateRefused,
        AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => SslReason::NoCommonProtocol,
        AlertDescription::NoApplicationProtocol => SslReason::NoApplicationProtocol,
        _ => SslReason::PeerAlert,
    }
}
