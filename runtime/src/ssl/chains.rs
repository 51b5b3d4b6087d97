//! Which of a server's certificates a client is shown: the first that is for the name it asked for.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Several certificates of one server. The first is shown to clients whose name fits none, and to those that name none.
#[derive(Debug)]
pub(super) struct Chains {
    /// Not empty.
    chains: Vec<Arc<CertifiedKey>>,
}

impl Chains {
    pub(super) fn new(chains: Vec<Arc<CertifiedKey>>) -> Self {
        Self { chains }
    }
}

impl ResolvesServerCert for Chains {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut usable = self.chains.iter().filter(|chain| can_sign(chain, client_hello.signature_schemes()));
        let name = client_hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let named = name.and_then(|name| usable.clone().find(|chain| is_for(chain, &name)));
        named.or_else(|| usable.next()).cloned()
    }
}

fn can_sign(chain: &CertifiedKey, schemes: &[SignatureScheme]) -> bool {
    chain.key.choose_scheme(schemes).is_some()
}

fn is_for(chain: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = chain.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}
