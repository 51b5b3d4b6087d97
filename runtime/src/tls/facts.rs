//! What a connection's handshake has agreed on, under the names of `get_extra_info`.

use rustls::{HandshakeKind, ProtocolVersion};

use super::layer::Layer;
use crate::ssl::{Cipher, SslObject, TlsVersion};
use crate::transports::ExtraInfo;

impl Layer {
    pub(super) fn fact(&self, name: &str) -> Option<ExtraInfo> {
        if !matches!(name, "sslcontext" | "ssl_object" | "peercert" | "cipher" | "alpn") {
            return None;
        }
        let facts = self.ssl_object();
        match name {
            "sslcontext" => Some(ExtraInfo::SslContext(facts.context)),
            "ssl_object" => Some(ExtraInfo::SslObject(facts)),
            "peercert" => Some(facts.peer).filter(|chain| !chain.is_empty()).map(ExtraInfo::PeerCert),
            "cipher" => facts.cipher.map(ExtraInfo::Cipher),
            "alpn" => facts.alpn.map(ExtraInfo::Alpn),
            _ => None,
        }
    }

    fn ssl_object(&self) -> SslObject {
        let session = self.session.borrow();
        let facts = session.facts();
        let version = match facts.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::V1_3),
            Some(ProtocolVersion::TLSv1_2) => Some(TlsVersion::V1_2),
            _ => None,
        };
        let suite = facts.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        let cipher = suite.zip(version).map(|(name, protocol)| Cipher {
            // As it is registered; rustls marks those of the newer version.
            name: name.replacen("TLS13_", "TLS_", 1),
            protocol,
            bits: if name.contains("AES_128") { 128 } else { 256 },
        });
        let peer = facts.peer_certificates().unwrap_or_default();
        SslObject {
            context: self.context.clone(),
            server_hostname: self.hostname.as_deref().map(str::to_owned),
            version,
            cipher,
            alpn: facts.alpn_protocol().map(<[u8]>::to_vec),
            peer: peer.iter().map(|certificate| certificate.as_ref().to_vec()).collect(),
            session_reused: facts.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }
}
