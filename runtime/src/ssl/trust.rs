//! Which certificates of a server's are believed: the system's judgement, one's own authorities, or, by choices whose
//! names say so, less than that.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme};

use super::material::unusable;
use super::system;
use crate::exceptions::Result;

/// How much of a server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checks {
    All,
    /// Its authority, but not its name.
    WithoutName,
    /// Only that the server has the key that it shows.
    None,
}

/// Who judges a server's certificate.
pub(super) fn judge(
    roots: Vec<CertificateDer<'static>>,
    system: bool,
    checks: Checks,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let inner: Arc<dyn ServerCertVerifier> = if checks == Checks::None {
        return Ok(Arc::new(Lenient { inner: None, provider: provider.clone() }));
    } else if system {
        system::judge(roots, provider)?
    } else {
        judge_by(store(roots)?, provider)?
    };
    if checks == Checks::All {
        return Ok(inner);
    }
    Ok(Arc::new(Lenient { inner: Some(inner), provider: provider.clone() }))
}

/// Who judges by these authorities.
pub(super) fn judge_by(store: RootCertStore, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone())
        .build()
        .map_err(|error| unusable(format!("the trusted authorities cannot be used: {error}")))
}

/// These authorities, of which there may be none.
pub(super) fn added(roots: Vec<CertificateDer<'static>>) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root).map_err(|error| unusable(format!("an authority's certificate cannot be used: {error}")))?;
    }
    Ok(store)
}

pub(super) fn store(roots: Vec<CertificateDer<'static>>) -> Result<RootCertStore> {
    let store = added(roots)?;
    if store.is_empty() {
        return Err(unusable("there is no authority to trust: name some with cafile() or cadata()"));
    }
    Ok(store)
}

/// Believes more than it should: any name if there is somebody who judges the rest, else anything.
#[derive(Debug)]
struct Lenient {
    inner: Option<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is what is looked at last.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
