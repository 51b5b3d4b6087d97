//! `start_tls`: both sides, inside and outside of callbacks, TLS in TLS, and plaintext where there must be none.

use std::time::Duration;

use asyncio::ssl::SslContext;
use asyncio::{Error, Server, SslReason, Transport};

use super::agreeing::ssl_object;
use super::certificates::{Authority, pair, trusting};
use super::peers::{client, client_config, listener, read, server_config, write};
use crate::support::journal::Journal;
use crate::support::net::{address, client_of, clog, connected, off_loop, read_exactly, running, send, settle};
use crate::support::script::Script;

/// Says `ready` in the clear, upgrades when it is told `STARTTLS`, and then sends back what it gets.
fn upgrading(journal: &Journal, context: &SslContext) -> Script {
    let (noted, context, mut secure) = (journal.clone(), context.clone(), false);
    let on_data = move |transport: &Transport, data: &[u8]| {
        if std::mem::replace(&mut secure, true) {
            transport.write(data);
            return Ok(());
        }
        assert!(data.starts_with(b"STARTTLS\n"));
        let upgrade = running().start_tls(transport, &context).server_side(true);
        transport.write(b"go ahead\n");
        let noted = noted.clone();
        let outcome = asyncio::create_task(async move {
            match upgrade.await {
                Ok(transport) => noted.note(format!("secure {}", ssl_object(&transport).version().unwrap())),
                Err(error) => noted.note(format!("refused {error}")),
            }
        });
        drop(outcome);
        Ok(())
    };
    Script::new(journal).on_data(on_data)
}

async fn upgrading_server(journal: &Journal, context: &SslContext) -> Server {
    let (journal, context) = (journal.clone(), context.clone());
    running().create_server(move || upgrading(&journal, &context), "127.0.0.1", 0).await.unwrap()
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_is_upgraded_on_both_sides_and_its_protocols_stay() {
    // CPython: test_sslproto.SelectorStartTLSTests.test_start_tls_client_reg_proto_1, test_start_tls_server_1 (B 53);
    // test_ssl.TestSSL.test_start_tls_client_reg_proto_1, test_start_tls_server_1
    let (client_context, server_context) = pair();
    let (journal, server_journal) = (Journal::default(), Journal::default());
    let server = upgrading_server(&server_journal, &server_context).await;
    let script = Script::new(&journal);
    let connecting = running().create_connection(move || script, "127.0.0.1", address(&server).port());
    let (transport, _) = connecting.await.unwrap();
    transport.write(b"STARTTLS\n");
    journal.wait_for("data go ahead").await;
    let secure = running().start_tls(&transport, &client_context).server_hostname("localhost").await.unwrap();
    assert_eq!(ssl_object(&secure).server_hostname(), Some("localhost"));
    assert!(transport.get_extra_info("ssl_object").is_none() && secure != transport);
    secure.write(b"hello");
    journal.wait_for("data hello").await;
    server_journal.wait_for("secure TLSv1.3").await;
    secure.close();
    journal.wait_for("lost").await;
    server_journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data go ahead\n", "data hello", "lost"]);
    // The task that waited is resumed a tick later.
    let entries: Vec<_> = server_journal.entries().into_iter().filter(|entry| !entry.starts_with("secure")).collect();
    assert_eq!(entries, ["made", "data STARTTLS\n", "data hello", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn plaintext_that_is_slipped_in_behind_the_command_is_never_taken_for_ciphertext() {
    // The client's own data, or that of somebody between, comes in one segment with the command or after it.
    let (_, context) = pair();
    for apart in [false, true] {
        let journal = Journal::default();
        let server = upgrading_server(&journal, &context).await;
        let peer = client_of(&server);
        if apart {
            send(&peer, b"STARTTLS\n");
            read_exactly(&peer, 9).await;
            send(&peer, b"MAIL FROM:<injected>\n");
        } else {
            send(&peer, &full_buffer_and_more());
        }
        let refused = journal.wait_for("refused").await;
        assert!(refused.contains("SslError") && refused.contains("in the clear"), "{refused}");
        journal.wait_for("lost").await;
        assert_eq!(journal.entries().iter().filter(|entry| entry.contains("injected")).count(), 0);
    }
}

/// Upgrades at the line `STARTTLS`.
struct Lines {
    journal: Journal,
    context: SslContext,
}

#[asyncio::protocol(lines)]
impl Lines {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        self.journal.note(format!("line {}", String::from_utf8_lossy(line)));
        if line != b"STARTTLS" {
            return;
        }
        transport.write(b"go ahead\n");
        let upgrade = running().start_tls(transport, &self.context).server_side(true);
        let journal = self.journal.clone();
        let outcome = asyncio::create_task(async move {
            journal.note(match upgrade.await {
                Ok(_) => "secure".to_owned(),
                Err(Error::SslError(error)) => format!("refused {:?}", error.reason()),
                Err(error) => format!("refused {error}"),
            });
        });
        drop(outcome);
    }

    fn connection_lost(&mut self) {
        self.journal.note("lost");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_line_or_its_beginning_behind_the_command_is_plaintext_that_was_slipped_in() {
    let (_, context) = pair();
    for injected in ["STARTTLS\nMAIL FROM:<injected>\n", "STARTTLS\nM"] {
        let journal = Journal::default();
        let (noted, context) = (journal.clone(), context.clone());
        let factory = move || Lines { journal: noted.clone(), context: context.clone() };
        let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
        let peer = client_of(&server);
        send(&peer, injected.as_bytes());
        journal.wait_for("lost").await;
        assert_eq!(journal.wait_for("refused").await, "refused PlaintextBeforeTls");
        assert_eq!(journal.count("line STARTTLS"), 1);
        assert_eq!(journal.entries().len(), 3, "{:?}", journal.entries());
    }
}

#[asyncio::test(timeout = "10s")]
async fn an_upgrade_is_refused_at_once_even_if_the_peer_does_not_read() {
    let (_, context) = pair();
    let journal = Journal::default();
    let (transport, _, peer) = connected(Lines { journal: journal.clone(), context }).await;
    clog(&transport);
    send(&peer, b"STARTTLS\nMAIL FROM:<injected>\n");
    assert_eq!(journal.wait_for("refused").await, "refused PlaintextBeforeTls");
    assert_eq!(journal.count("lost"), 0, "what was written waits for the peer");
    transport.abort();
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn what_a_stream_has_received_behind_the_command_is_plaintext_that_was_slipped_in() {
    let (_, context) = pair();
    let (listener, port) = listener();
    let (mut reader, writer) = asyncio::open_connection("127.0.0.1", port).await.unwrap();
    let (peer, _) = listener.accept().unwrap();
    send(&peer, b"STARTTLS\nMAIL FROM:<injected>\n");
    assert_eq!(reader.readline().await.unwrap(), b"STARTTLS\n");
    let outcome = running().start_tls(writer.transport(), &context).server_side(true).await;
    let Err(Error::SslError(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.reason(), SslReason::PlaintextBeforeTls);
    assert!(writer.is_closing());
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_of_lines_stays_one_above_tls() {
    let (client_context, server_context) = pair();
    let (journal, client_journal) = (Journal::default(), Journal::default());
    let (noted, context) = (journal.clone(), server_context.clone());
    let factory = move || Lines { journal: noted.clone(), context: context.clone() };
    let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
    let script = Script::new(&client_journal);
    let connecting = running().create_connection(move || script, "127.0.0.1", address(&server).port());
    let (transport, _) = connecting.await.unwrap();
    transport.write(b"STARTTLS\n");
    client_journal.wait_for("data go ahead").await;
    let secure = running().start_tls(&transport, &client_context).server_hostname("localhost").await.unwrap();
    journal.wait_for("secure").await;
    secure.write(b"QUIT\n");
    journal.wait_for("line QUIT").await;
    secure.close();
    journal.wait_for("lost").await;
}

/// A command that fills one receive buffer of the loop's, and what is read after it.
fn full_buffer_and_more() -> Vec<u8> {
    const BUFFER: usize = 256 << 10;
    let mut sent = b"STARTTLS\n".to_vec();
    sent.resize(BUFFER, b' ');
    sent.extend_from_slice(b"MAIL FROM:<injected>\n");
    sent
}

#[asyncio::test(timeout = "10s")]
async fn tls_runs_in_tls() {
    // CPython: test_ssl.TestSSL.test_create_server_ssl_over_ssl
    let (client_context, server_context) = pair();
    let (journal, server_journal) = (Journal::default(), Journal::default());
    let (noted, inner) = (server_journal.clone(), server_context.clone());
    let factory = move || upgrading(&noted, &inner);
    let server = running().create_server(factory, "127.0.0.1", 0).ssl(&server_context).await.unwrap();
    let (outer, _) = client(Script::new(&journal), &server, &client_context).await.unwrap();
    outer.write(b"STARTTLS\n");
    journal.wait_for("data go ahead").await;
    let inner = running().start_tls(&outer, &client_context).server_hostname("localhost").await.unwrap();
    assert_eq!(ssl_object(&inner).server_hostname(), Some("localhost"));
    assert_eq!(inner.peername(), Some(address(&server)));
    inner.write(&vec![b'z'; 300_000]);
    journal.until(|entries| entries.iter().filter_map(length_of).sum::<usize>() == 300_000).await;
    inner.close();
    journal.wait_for("lost").await;
    server_journal.wait_for("lost").await;
    assert_eq!(journal.count("lost"), 1);
}

/// Of `data N bytes`.
#[expect(clippy::ptr_arg, reason = "what the journal has")]
fn length_of(entry: &String) -> Option<usize> {
    entry.strip_prefix("data ")?.strip_suffix(" bytes")?.parse().ok()
}

#[asyncio::test(timeout = "10s")]
async fn a_failed_upgrade_closes_the_connection_and_says_why() {
    let (client_context, _) = pair();
    let strangers_context = Authority::new("strangers").issue(&["localhost"]).server().build().unwrap();
    let (journal, server_journal) = (Journal::default(), Journal::default());
    let server = upgrading_server(&server_journal, &strangers_context).await;
    let script = Script::new(&journal);
    let connecting = running().create_connection(move || script, "127.0.0.1", address(&server).port());
    let (transport, _) = connecting.await.unwrap();
    transport.write(b"STARTTLS\n");
    journal.wait_for("data go ahead").await;
    let outcome = running().start_tls(&transport, &client_context).server_hostname("localhost").await;
    let Err(Error::SslError(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.reason(), SslReason::CertificateUnknownIssuer);
    assert!(transport.is_closing());
    assert!(journal.wait_for("lost").await.contains("UnknownIssuer"));
    server_journal.wait_for("refused").await;
    server_journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn a_cancelled_upgrade_closes_the_connection() {
    // CPython: test_sslproto.SelectorStartTLSTests.test_start_tls_slow_client_cancel;
    // test_ssl.TestSSL.test_start_tls_slow_client_cancel
    let (context, _) = pair();
    let (listener, port) = listener();
    let journal = Journal::default();
    let script = Script::new(&journal);
    let (transport, _) = running().create_connection(move || script, "127.0.0.1", port).await.unwrap();
    let (peer, _) = listener.accept().unwrap();
    let upgrade = running().start_tls(&transport, &context).server_hostname("localhost");
    assert!(asyncio::timeout(Duration::from_millis(20), upgrade).await.unwrap_err().is_timeout());
    journal.wait_for("lost").await;
    assert!(transport.is_closing());
    drop(peer);
    let again = running().start_tls(&transport, &context).server_hostname("localhost").await;
    assert!(again.unwrap_err().to_string().contains("closing or closed"));
}

#[asyncio::test(timeout = "10s")]
async fn an_upgrade_that_is_refused_or_never_awaited_changes_nothing() {
    let (client_context, server_context) = pair();
    let (listener, port) = listener();
    let journal = Journal::default();
    let script = Script::new(&journal);
    let (transport, _) = running().create_connection(move || script, "127.0.0.1", port).await.unwrap();
    let (peer, _) = listener.accept().unwrap();
    let event_loop = running();
    let upgrade = event_loop.start_tls(&transport, &client_context);
    assert!(!transport.is_reading(), "what belongs to the handshake must not reach the protocol");
    drop(upgrade);
    assert!(transport.is_reading());
    let nameless = event_loop.start_tls(&transport, &client_context).await.unwrap_err();
    assert!(nameless.to_string().contains("server_hostname"), "{nameless}");
    let wrong = event_loop.start_tls(&transport, &server_context).await.unwrap_err();
    assert!(wrong.to_string().contains("for servers"), "{wrong}");
    assert!(transport.is_reading() && !transport.is_closing());
    send(&peer, b"in the clear");
    journal.wait_for("data in the clear").await;
}

#[asyncio::test(timeout = "20s")]
async fn a_protocol_that_was_told_to_stop_writing_is_told_to_go_on_above_tls() {
    let authority = Authority::new("tests");
    let config = server_config(&authority.issue(&["localhost"]));
    let context = trusting(&authority).build().unwrap();
    let (listener, port) = listener();
    let journal = Journal::default();
    let script = Script::new(&journal);
    let (transport, _) = running().create_connection(move || script, "127.0.0.1", port).await.unwrap();
    let (mut socket, _) = listener.accept().unwrap();
    let clogged = clog(&transport);
    journal.wait_for("pause").await;
    let upgrade = running().start_tls(&transport, &context).server_hostname("localhost");
    let peer = asyncio::create_task(async move {
        let talk = off_loop(move || {
            read(&mut socket, clogged);
            let mut peer = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), socket);
            write(&mut peer, b"hello");
            read(&mut peer, 5)
        });
        Ok::<_, Error>(talk.await)
    });
    let secure = upgrade.await.unwrap();
    journal.wait_for("resume").await;
    secure.write(b"world");
    journal.wait_for("data hello").await;
    assert_eq!(peer.await.unwrap(), b"world");
    assert_eq!((journal.count("pause"), journal.count("resume")), (1, 1));
}

#[asyncio::test(timeout = "10s")]
async fn an_upgrade_can_bring_another_protocol() {
    let authority = Authority::new("tests");
    let context = authority.issue(&["localhost"]).server().build().unwrap();
    let (listener, port) = listener();
    let (before, after) = (Journal::default(), Journal::default());
    let script = Script::new(&before);
    let (transport, _) = running().create_connection(move || script, "127.0.0.1", port).await.unwrap();
    let config = client_config(&authority);
    let talk = asyncio::create_task(async move {
        let answer = off_loop(move || {
            let (socket, _) = listener.accept().unwrap();
            let connection = rustls::ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
            let mut peer = rustls::StreamOwned::new(connection, socket);
            write(&mut peer, b"question");
            read(&mut peer, 6)
        });
        Ok::<_, Error>(answer.await)
    });
    let echo = Script::new(&after).on_data(|transport, _| {
        transport.write(b"answer");
        Ok(())
    });
    let upgrade = running().start_tls(&transport, &context).server_side(true).protocol(echo);
    let _secure = upgrade.await.unwrap();
    assert_eq!(talk.await.unwrap(), b"answer");
    settle().await;
    assert_eq!(before.entries(), ["made"]);
    assert_eq!(after.entries()[..1], ["data question"]);
}
