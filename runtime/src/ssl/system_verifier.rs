//! The system's own judgement on certificates, where it has one: macOS, Windows, Android.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use super::reason::explain;
use crate::exceptions::{Error, Result};

/// Who judges by the system's authorities, and by these.
pub(super) fn judge(
    roots: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let judge = Verifier::new_with_extra_roots(roots, provider.clone());
    Ok(Arc::new(judge.map_err(|error| Error::from(explain(&error)))?))
}
