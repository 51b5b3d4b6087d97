//! Certificates and keys as programs have them: in files or in memory, as PEM or as DER.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::exceptions::{Error, Result, SslError, SslReason};

/// Where something stands. Files are read when the context is built.
#[derive(Clone)]
pub(super) enum Material {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Material {
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let (bytes, name) = self.read()?;
        if !is_pem(&bytes) {
            return Ok(vec![CertificateDer::from(bytes)]);
        }
        let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) => Err(unusable(format!("{name} has no certificate in it"))),
            Err(error) => Err(unusable(format!("{name} is no PEM file of certificates: {error}"))),
        }
    }

    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>> {
        let (bytes, name) = self.read()?;
        if is_pem(&bytes) {
            return PrivateKeyDer::from_pem_slice(&bytes)
                .map_err(|error| unusable(format!("{name} has no private key that can be read: {error}")));
        }
        PrivateKeyDer::try_from(bytes).map_err(|error| unusable(format!("{name} is no private key: {error}")))
    }

    fn read(&self) -> Result<(Vec<u8>, String)> {
        match self {
            Self::Bytes(bytes) => Ok((bytes.clone(), "what was given".to_owned())),
            Self::File(path) => {
                let bytes = fs::read(path).map_err(|error| Error::os_error_at(error, path.display()))?;
                Ok((bytes, path.display().to_string()))
            }
        }
    }
}

/// The certificates of all files in a folder; what is no certificate is passed over, as such folders hold links and
/// notes as well.
pub(super) fn certificates_in(folder: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let at = |error| Error::os_error_at(error, folder.display());
    let mut certificates = Vec::new();
    for entry in fs::read_dir(folder).map_err(at)? {
        let file = Material::File(entry.map_err(at)?.path());
        if let Ok(found) = file.certificates() {
            certificates.extend(found.into_iter().filter(is_authority));
        }
    }
    Ok(certificates)
}

/// A file that is not PEM may be anything.
fn is_authority(certificate: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(certificate.clone()).is_ok()
}

pub(super) fn unusable(message: impl Into<String>) -> Error {
    SslError::new(SslReason::Configuration, message).into()
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(10).any(|window| window == b"-----BEGIN")
}
