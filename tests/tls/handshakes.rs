//! Handshakes that do not come to an end, and those beside them.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use asyncio::ssl::SslContext;

use super::certificates::{Authority, pair, trusting};
use super::peers::{client, echo_server, listener};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{address, client_of, running, send, settle};
use crate::support::script::Script;

/// Connects with these limits to somebody who never says a word.
async fn unanswered(context: &SslContext, limit: Duration) -> (String, Option<ErrorKind>, TcpStream) {
    let (listener, port) = listener();
    let journal = Journal::default();
    let noted = journal.clone();
    let connecting = running().create_connection(move || Script::new(&noted), "127.0.0.1", port);
    let error = connecting.ssl(context).ssl_handshake_timeout(limit).await.unwrap_err();
    assert_eq!(journal.entries(), [""; 0]);
    (error.to_string(), error.io_kind(), listener.accept().unwrap().0)
}

#[asyncio::test(timeout = "10s")]
async fn a_client_gives_up_after_its_time_limit() {
    // CPython: test_ssl.TestSSL.test_create_connection_ssl_slow_handshake, test_ssl_handshake_timeout;
    // test_sslproto.SelectorStartTLSTests.test_create_connection_ssl_slow_handshake, test_handshake_timeout
    let (context, _) = pair();
    let (text, kind, _peer) = unanswered(&context, Duration::from_millis(50)).await;
    assert_eq!(kind, Some(ErrorKind::ConnectionAborted));
    assert!(text.contains("took longer than 50ms") && text.contains("127.0.0.1:"), "{text}");
}

#[asyncio::test(virtual_time)]
async fn the_time_limit_is_a_minute() {
    let (context, _) = pair();
    let (listener, port) = listener();
    let journal = Journal::default();
    let script = Script::new(&journal);
    let before = running().time();
    let error = running().create_connection(move || script, "127.0.0.1", port).ssl(&context).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionAborted));
    assert_eq!((running().time() - before).as_secs(), 60);
    drop(listener);
}

#[asyncio::test(timeout = "10s")]
async fn a_server_gives_up_after_its_time_limit_and_reports_it_once() {
    collect();
    let (_, context) = pair();
    let journal = Journal::default();
    let noted = journal.clone();
    let serving = running().create_server(move || Script::new(&noted), "127.0.0.1", 0).ssl(&context);
    let server = serving.ssl_handshake_timeout(Duration::from_millis(50)).await.unwrap();
    let peer = client_of(&server);
    assert_eq!(crate::support::net::read_all(peer).await, b"");
    settle().await;
    let warnings = collected(log::Level::Warn);
    assert!(warnings.len() == 1 && warnings[0].contains("took longer than 50ms"), "{warnings:?}");
    assert_eq!(journal.entries(), [""; 0]);
}

#[asyncio::test(timeout = "10s")]
async fn a_peer_that_leaves_in_the_middle_has_reset_the_connection() {
    // CPython: test_ssl.TestSSL.test_ssl_handshake_connection_lost;
    // test_sslproto.SslProtoHandshakeTests.test_connection_lost, test_eof_received_waiter
    let (context, _) = pair();
    let (listener, port) = listener();
    let script = Script::new(&Journal::default());
    let leaving = asyncio::create_task(async move {
        crate::support::net::off_loop(move || {
            let (mut peer, _) = listener.accept().unwrap();
            // All of the greeting, so that closing is no reset of the system's.
            let _ = std::io::Read::read(&mut peer, &mut [0; 4096]);
        })
        .await;
        Ok::<_, asyncio::Error>(())
    });
    let error = running().create_connection(move || script, "127.0.0.1", port).ssl(&context).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionReset), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    leaving.await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn cancelling_a_connection_that_is_in_its_handshake_closes_it() {
    // CPython: test_sslproto.SslProtoHandshakeTests.test_close_during_handshake
    let (context, _) = pair();
    let (listener, port) = listener();
    let journal = Journal::default();
    let script = Script::new(&journal);
    let connecting = running().create_connection(move || script, "127.0.0.1", port).ssl(&context);
    let waited = asyncio::timeout(Duration::from_millis(50), connecting).await;
    assert!(waited.unwrap_err().is_timeout());
    let (peer, _) = listener.accept().unwrap();
    let greeting = crate::support::net::read_all(peer).await;
    assert_eq!(greeting.first(), Some(&22), "a record of the handshake, and then the end");
    assert_eq!(journal.entries(), [""; 0]);
}

#[asyncio::test(timeout = "60s")]
async fn a_thousand_stalled_handshakes_delay_nobody() {
    let authority = Authority::new("tests");
    let context = authority.issue(&["127.0.0.1"]).server().build().unwrap();
    let server = echo_server(&Journal::default(), &context).await;
    let place = address(&server);
    let stalled: Vec<Arc<TcpStream>> = crate::support::net::off_loop(move || {
        let stall = |number: usize| {
            let peer = TcpStream::connect(place).unwrap();
            // Some say nothing, some the head of a record, some half a greeting.
            send(&peer, [&b""[..], &[22, 3, 1, 2, 0], &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]][number % 3]);
            Arc::new(peer)
        };
        (0..1000).map(stall).collect()
    })
    .await;
    let client_context = trusting(&authority).build().unwrap();
    for _ in 0..20 {
        let journal = Journal::default();
        let (transport, _) = client(Script::new(&journal), &server, &client_context).await.unwrap();
        transport.write(b"served");
        journal.wait_for("data served").await;
        transport.close();
        journal.wait_for("lost").await;
    }
    assert_eq!(stalled.len(), 1000);
    server.close();
    server.abort_clients();
    server.wait_closed().await.unwrap();
}
