//! The end of a TLS connection: each side's last word, its absence, and time limits.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::time::Duration;

use asyncio::Error;

use super::certificates::{Authority, pair, trusting};
use super::peers::{accept, client, client_config, connect, echo_server, listener, read, server_config, write};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{address, off_loop, running, settle};
use crate::support::script::Script;

/// A client of the loop's, connected to a blocking server that does something on another thread.
async fn against<T: Clone + Send + 'static>(
    script: Script,
    does: impl FnOnce(super::peers::ServerPeer) -> T + Send + 'static,
) -> (asyncio::Transport, asyncio::Task<T>) {
    let authority = Authority::new("tests");
    let config = server_config(&authority.issue(&["127.0.0.1"]));
    let context = trusting(&authority).build().unwrap();
    let (listener, port) = listener();
    let peer =
        asyncio::create_task(async move { Ok::<_, Error>(off_loop(move || does(accept(&listener, &config))).await) });
    let connecting = running().create_connection(move || script, "127.0.0.1", port).ssl(&context);
    let (transport, _) = connecting.ssl_shutdown_timeout(Duration::from_secs(2)).await.unwrap();
    (transport, peer)
}

#[asyncio::test(timeout = "10s")]
async fn data_before_the_peers_last_word_is_delivered_before_the_end() {
    // CPython: test_ssl.TestSSL.test_remote_shutdown_receives_trailing_data (B 52)
    let journal = Journal::default();
    let (_transport, peer) = against(Script::new(&journal), |mut peer| {
        write(&mut peer, b"trailing");
        peer.conn.send_close_notify();
        peer.conn.complete_io(&mut peer.sock).unwrap();
        // Our own last word answers it.
        peer.read(&mut [0; 16]).unwrap()
    })
    .await;
    assert_eq!(peer.await.unwrap(), 0);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data trailing", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_that_is_cut_off_is_not_taken_for_one_that_has_ended() {
    let journal = Journal::default();
    let (_transport, peer) = against(Script::new(&journal), |mut peer| {
        write(&mut peer, b"and then");
        peer.sock.shutdown(Shutdown::Both).unwrap();
    })
    .await;
    peer.await.unwrap();
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("SslError") && lost.contains("truncated") && lost.contains("127.0.0.1:"), "{lost}");
    assert_eq!(journal.entries()[..2], ["made", "data and then"]);
    assert_eq!(journal.count("eof"), 0);
}

#[asyncio::test(timeout = "10s")]
async fn close_sends_all_and_waits_for_the_peers_last_word() {
    // CPython: test_ssl.TestSSL.test_flush_before_shutdown, test_shutdown_cleanly
    const LENGTH: usize = 12 << 20;
    let journal = Journal::default();
    let (go, wait) = std::sync::mpsc::channel();
    let (transport, peer) = against(Script::new(&journal), move |mut peer| {
        wait.recv().unwrap();
        let data = read(&mut peer, LENGTH);
        let clean = peer.read(&mut [0; 16]).unwrap();
        peer.conn.send_close_notify();
        peer.conn.complete_io(&mut peer.sock).unwrap();
        (data.iter().all(|byte| *byte == b'x'), clean)
    })
    .await;
    transport.write(&vec![b'x'; LENGTH]);
    assert!(transport.get_write_buffer_size() > 0);
    transport.close();
    transport.write(b"too late");
    go.send(()).unwrap();
    assert_eq!(peer.await.unwrap(), (true, 0));
    journal.wait_for("lost").await;
    assert_eq!(journal.entries().last().unwrap(), "lost");
}

#[asyncio::test(timeout = "10s")]
async fn a_peer_that_does_not_answer_the_last_word_is_left_after_a_while() {
    let journal = Journal::default();
    let (transport, peer) = against(Script::new(&journal), |mut peer| {
        let clean = peer.read(&mut [0; 16]).unwrap();
        // The connection is aborted, without another word.
        let end = peer.sock.read(&mut [0; 16]).map_err(|error| error.kind());
        (clean, end)
    })
    .await;
    transport.close();
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("TimeoutError"), "{lost}");
    let (clean, end) = peer.await.unwrap();
    assert_eq!(clean, 0);
    assert!(matches!(end, Ok(0) | Err(ErrorKind::ConnectionReset)), "{end:?}");
}

#[asyncio::test(timeout = "10s")]
async fn what_comes_after_close_is_nobodys() {
    // CPython: test_sslproto.SslProtoHandshakeTests.test_data_received_after_closing
    let journal = Journal::default();
    let (transport, peer) = against(Script::new(&journal), |mut peer| {
        assert_eq!(read(&mut peer, 1), b"x");
        write(&mut peer, &[b'y'; 100_000]);
        peer.conn.send_close_notify();
        peer.conn.complete_io(&mut peer.sock).unwrap();
        // Closed with something unread, the socket would be reset.
        assert_eq!(peer.read(&mut [0; 16]).unwrap(), 0);
    })
    .await;
    transport.write(b"x");
    transport.close();
    peer.await.unwrap();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn writes_for_nothing_are_counted_and_from_the_fifth_on_logged() {
    // CPython: test_sslproto.SslProtoHandshakeTests.test_write_after_closing
    collect();
    let (client_context, server_context) = pair();
    let journal = Journal::default();
    let server = echo_server(&Journal::default(), &server_context).await;
    let (transport, _) = client(Script::new(&journal), &server, &client_context).await.unwrap();
    transport.abort();
    assert!(transport.is_closing() && transport.try_write(b"x").is_err());
    for _ in 0..6 {
        transport.write(b"x");
    }
    assert_eq!(collected(log::Level::Warn).len(), 2);
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn the_answer_to_eof_received_has_no_effect_and_a_warning_says_so() {
    collect();
    let authority = Authority::new("tests");
    let journal = Journal::default();
    let noted = journal.clone();
    let context = authority.issue(&["localhost"]).server().build().unwrap();
    let factory = move || {
        Script::new(&noted).on_eof(|transport| {
            transport.write(b"a last answer");
            Ok(true)
        })
    };
    let server = running().create_server(factory, "127.0.0.1", 0).ssl(&context).await.unwrap();
    let (config, port) = (client_config(&authority), address(&server).port());
    let answer = off_loop(move || {
        let mut peer = connect(port, &config);
        peer.conn.send_close_notify();
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).unwrap();
        answer
    })
    .await;
    assert_eq!(answer, b"a last answer");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "eof", "lost"]);
    let warnings = collected(log::Level::Warn);
    assert!(warnings.len() == 1 && warnings[0].contains("eof_received() returned true"), "{warnings:?}");
}

#[asyncio::test(timeout = "10s")]
async fn a_server_closes_its_clients_with_a_last_word() {
    let (authority, journal) = (Authority::new("tests"), Journal::default());
    let server = echo_server(&journal, &authority.issue(&["localhost"]).server().build().unwrap()).await;
    let (config, port) = (client_config(&authority), address(&server).port());
    let ended = asyncio::create_task(async move {
        Ok::<_, Error>(
            off_loop(move || {
                let mut peer = connect(port, &config);
                let clean = peer.read(&mut [0; 16]).unwrap();
                peer.conn.send_close_notify();
                peer.conn.complete_io(&mut peer.sock).unwrap();
                clean
            })
            .await,
        )
    });
    journal.wait_for("made").await;
    server.close();
    server.close_clients();
    server.wait_closed().await.unwrap();
    assert_eq!(ended.await.unwrap(), 0, "a reader there sees a clean end");
    settle().await;
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_failure_in_a_callback_ends_the_connection_with_it() {
    let (client_context, server_context) = pair();
    let reports = crate::support::reports::Reports::here();
    let journal = Journal::default();
    let server = echo_server(&Journal::default(), &server_context).await;
    let script = Script::new(&journal).on_data(|_, _| Err(Error::value_error("I do not like it")));
    let (transport, _) = client(script, &server, &client_context).await.unwrap();
    transport.write(b"x");
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("I do not like it"), "{lost}");
    let report = reports.one();
    assert_eq!(report.message, "Fatal error: protocol.data_received() call failed.");
    assert_eq!(report.code, Some("ASY0013"));
}
