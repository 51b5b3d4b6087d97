//! The authorities that the system trusts, where they are files: Linux and the BSDs.
//!
//! A certificate that is refused is told to whoever wanted the connection, and nothing is logged beside that.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

use super::material::unusable;
use super::trust::{added, judge_by};
use crate::exceptions::Result;

/// Who judges by the system's authorities, and by these.
pub(super) fn judge(
    roots: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let mut store = added(roots)?;
    let found = rustls_native_certs::load_native_certs();
    // What a system has beside certificates that can be used is not the program's fault.
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(unusable(format!(
            "the system has no authorities to trust{why}: install its package of them, often ca-certificates, or name \
             some with cafile()"
        )));
    }
    let judge: Arc<WebPkiServerVerifier> = judge_by(store, provider)?;
    Ok(judge)
}
