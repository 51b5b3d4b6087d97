//! Both sides of a TLS connection: two of the loop's, or one of the loop's and a peer that does just what a test says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use asyncio::ssl::SslContext;
use asyncio::{ProtocolHandle, Server, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::certificates::{Authority, Identity};
use crate::support::journal::Journal;
use crate::support::net::{address, running};
use crate::support::script::Script;

/// A server of the loop's that notes what happens, and sends back what it gets.
pub(crate) async fn echo_server(journal: &Journal, context: &SslContext) -> Server {
    let journal = journal.clone();
    let echo = move || {
        Script::new(&journal).on_data(|transport, data| {
            transport.write(data);
            Ok(())
        })
    };
    running().create_server(echo, "127.0.0.1", 0).ssl(context).await.unwrap()
}

/// A client of the loop's, with a script.
pub(crate) async fn client(
    script: Script,
    server: &Server,
    context: &SslContext,
) -> asyncio::Result<(Transport, ProtocolHandle<Script>)> {
    running().create_connection(move || script, "127.0.0.1", address(server).port()).ssl(context).await
}

/// A blocking server's side of the next connection.
pub(crate) type ServerPeer = StreamOwned<ServerConnection, TcpStream>;

/// A blocking client's side.
pub(crate) type ClientPeer = StreamOwned<ClientConnection, TcpStream>;

pub(crate) fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// The configuration of a blocking server.
pub(crate) fn server_config(identity: &Identity) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// Accepts a connection and does the handshake.
pub(crate) fn accept(listener: &TcpListener, config: &Arc<ServerConfig>) -> ServerPeer {
    let (socket, _) = listener.accept().unwrap();
    let mut peer = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), socket);
    while peer.conn.is_handshaking() {
        peer.conn.complete_io(&mut peer.sock).unwrap();
    }
    peer
}

/// The configuration of a blocking client.
pub(crate) fn client_config(authority: &Authority) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

/// Connects, and does the handshake.
pub(crate) fn connect(port: u16, config: &Arc<ClientConfig>) -> ClientPeer {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let connection = ClientConnection::new(config.clone(), "localhost".try_into().unwrap()).unwrap();
    let mut peer = StreamOwned::new(connection, socket);
    while peer.conn.is_handshaking() {
        peer.conn.complete_io(&mut peer.sock).unwrap();
    }
    peer
}

/// Reads so many bytes.
pub(crate) fn read(peer: &mut impl Read, length: usize) -> Vec<u8> {
    let mut data = vec![0; length];
    peer.read_exact(&mut data).unwrap();
    data
}

/// Writes and flushes.
pub(crate) fn write(peer: &mut impl Write, data: &[u8]) {
    peer.write_all(data).unwrap();
    peer.flush().unwrap();
}

/// Says its last word.
pub(crate) fn end(peer: &mut ServerPeer) {
    peer.conn.send_close_notify();
    peer.conn.complete_io(&mut peer.sock).unwrap();
}
