//! Certificates, made in the test that needs them, and the contexts that use them.

use asyncio::ssl::{self, Purpose, SslContext, SslContextBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// Somebody who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate with its key, both in PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these names, for servers and clients.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_with(names, |_| {})
    }

    pub(crate) fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = params(names);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let chain = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { chain, key: key.serialize_pem() }
    }
}

impl Identity {
    pub(crate) fn self_signed(names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let chain = params(names).self_signed(&key).unwrap().pem();
        Self { chain, key: key.serialize_pem() }
    }

    /// A context for servers that present this.
    pub(crate) fn server(&self) -> SslContextBuilder {
        ssl::create_default_context().purpose(Purpose::ClientAuth).load_cert_chain_from(&self.chain, &self.key)
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A context for clients that trust this authority and no other.
pub(crate) fn trusting(authority: &Authority) -> SslContextBuilder {
    ssl::create_default_context().cadata(&authority.pem)
}

/// Two contexts that get on with each other: a client's, and that of a server at 127.0.0.1 and `localhost`.
pub(crate) fn pair() -> (SslContext, SslContext) {
    let authority = Authority::new("tests");
    let server = authority.issue(&["localhost", "127.0.0.1"]).server().build().unwrap();
    (trusting(&authority).build().unwrap(), server)
}
