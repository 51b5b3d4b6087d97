//! `start_tls` awaited inside an `async fn` handler of the very connection, and while a file has the connection.

use std::net::TcpStream;
use std::time::Duration;

use asyncio::ssl::SslContext;
use asyncio::{Error, Result, Server, SslReason, Transport};

use super::agreeing::ssl_object;
use super::certificates::{Authority, pair};
use super::peers::{client_config, listener, read, write};
use crate::support::files::{content, file_of};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{
    Reports, address, client_of, off_loop, read_all, read_exactly, reset, running, send, settle,
};
use crate::support::script::Script;

/// Upgrades at the line `STARTTLS`, after a while if that is wanted, and sends back the lines after it.
struct Upgrading {
    journal: Journal,
    context: SslContext,
    secure: Option<Transport>,
    waits: bool,
}

#[asyncio::protocol(lines)]
impl Upgrading {
    async fn line_received(&mut self, transport: &Transport, line: &[u8]) -> Result<()> {
        let line = String::from_utf8_lossy(line).into_owned();
        if line != "STARTTLS" {
            self.journal.note(format!("line {line}"));
            let secure = self.secure.as_ref().is_some_and(|secure| secure == transport);
            transport.write(format!("{line} {secure}\n").as_bytes());
            return Ok(());
        }
        if self.waits {
            asyncio::sleep(Duration::from_millis(1)).await;
        }
        let upgrade = running().start_tls(transport, &self.context).server_side(true);
        transport.write(b"go ahead\n");
        match upgrade.await {
            Ok(secure) => {
                self.journal.note(format!("secure {}", ssl_object(&secure).version().unwrap()));
                secure.write(b"welcome\n");
                // What comes meanwhile waits for the end of the handler.
                asyncio::sleep(Duration::from_millis(5)).await;
                self.secure = Some(secure);
                self.journal.note("upgraded");
            }
            Err(error) => {
                let reason = if let Error::SslError(error) = &error { Some(error.reason()) } else { None };
                self.journal.note(format!("refused {:?} {:?}", reason, error.io_kind()));
            }
        }
        Ok(())
    }

    fn connection_lost(&mut self) {
        self.journal.note("lost");
    }
}

async fn server(journal: &Journal, context: &SslContext, waits: bool) -> Server {
    let (journal, context) = (journal.clone(), context.clone());
    let factory = move || Upgrading { journal: journal.clone(), context: context.clone(), secure: None, waits };
    running().create_server(factory, "127.0.0.1", 0).await.unwrap()
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_upgrades_its_own_connection_and_goes_on_in_it() {
    let authority = Authority::new("tests");
    let context = authority.issue(&["localhost"]).server().build().unwrap();
    for (waits, debug) in [(false, false), (true, false), (false, true), (true, true)] {
        running().set_debug(debug);
        let (journal, reports) = (Journal::default(), Reports::collect());
        let server = server(&journal, &context, waits).await;
        let (socket, config) = (client_of(&server), client_config(&authority));
        let said = off_loop(move || {
            send(&socket, b"STARTTLS\n");
            assert_eq!(read(&mut &socket, 9), b"go ahead\n");
            let connection = rustls::ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
            let mut peer = rustls::StreamOwned::new(connection, socket);
            // With the last of the handshake.
            write(&mut peer, b"one\ntwo\n");
            read(&mut peer, 8 + 9 + 9)
        });
        assert_eq!(said.await, b"welcome\none true\ntwo true\n");
        journal.wait_for("lost").await;
        assert_eq!(journal.entries(), ["secure TLSv1.3", "upgraded", "line one", "line two", "lost"]);
        assert_eq!(reports.all(), [""; 0], "the callbacks came in order");
    }
    running().set_debug(false);
}

#[asyncio::test(timeout = "10s")]
async fn a_peer_that_leaves_in_the_middle_is_told_to_the_handler_that_waits() {
    let (_, context) = pair();
    for waits in [false, true] {
        let journal = Journal::default();
        let server = server(&journal, &context, waits).await;
        let peer = client_of(&server);
        send(&peer, b"STARTTLS\n");
        read_exactly(&peer, 9).await;
        reset(peer);
        assert!(journal.wait_for("refused").await.contains("ConnectionReset"));
        journal.wait_for("lost").await;
        assert_eq!(journal.entries().len(), 2, "{:?}", journal.entries());
    }
}

#[asyncio::test(timeout = "10s")]
async fn what_is_no_handshake_is_told_to_the_handler_that_waits_and_to_nobody_else() {
    // CPython: test_ssl.TestSSL.test_start_tls_client_corrupted_ssl, on the server's side;
    // test_sslproto.SelectorStartTLSTests.test_start_tls_client_corrupted_ssl
    let (_, context) = pair();
    collect();
    let (journal, reports) = (Journal::default(), Reports::collect());
    let server = server(&journal, &context, true).await;
    let peer = client_of(&server);
    send(&peer, b"STARTTLS\n");
    read_exactly(&peer, 9).await;
    send(&peer, b"EHLO in the clear\n");
    assert!(journal.wait_for("refused").await.contains("NotTls"));
    journal.wait_for("lost").await;
    drop(peer);
    assert_eq!((collected(log::Level::Warn), reports.all()), (Vec::new(), Vec::new()));
}

#[asyncio::test(timeout = "10s")]
async fn plaintext_behind_the_command_forbids_a_handlers_upgrade_too() {
    let (_, context) = pair();
    for (waits, behind) in [(false, "MAIL\n"), (true, "MAIL\n"), (false, "M"), (true, "M")] {
        let journal = Journal::default();
        let server = server(&journal, &context, waits).await;
        let peer = client_of(&server);
        send(&peer, format!("STARTTLS\n{behind}").as_bytes());
        let refused = journal.wait_for("refused").await;
        assert_eq!(refused, format!("refused {:?} None", Some(SslReason::PlaintextBeforeTls)), "{waits} {behind:?}");
        journal.wait_for("lost").await;
        assert_eq!(journal.entries().len(), 2, "{:?}", journal.entries());
        assert!(!read_all(peer).await.starts_with(&[22]), "no handshake was begun");
    }
}

#[asyncio::test(timeout = "10s")]
async fn an_upgrade_while_a_file_is_being_sent_is_refused_at_once() {
    const LARGE: usize = 12 << 20;
    let (client_context, _) = pair();
    let (listener, port) = listener();
    let script = Script::new(&Journal::default());
    let (transport, _) = running().create_connection(move || script, "127.0.0.1", port).await.unwrap();
    let (peer, _): (TcpStream, _) = listener.accept().unwrap();
    let (sender, file) = (transport.clone(), file_of(&content(LARGE)));
    let sending = asyncio::create_task(async move { running().sendfile(&sender, &file).await });
    settle().await;
    assert!(!sending.done(), "it waits for its peer");
    let refused = running().start_tls(&transport, &client_context).server_hostname("localhost").await.unwrap_err();
    assert!(matches!(refused, Error::RuntimeError(_)) && refused.to_string().contains("sendfile()"), "{refused:?}");
    assert!(transport.is_reading() && !transport.is_closing());
    assert!(read_exactly(&peer, LARGE).await == content(LARGE));
    assert_eq!(sending.await.unwrap(), LARGE as u64);
}

#[asyncio::test(timeout = "10s")]
async fn the_transport_below_tls_is_not_upgraded_a_second_time() {
    let (client_context, server_context) = pair();
    let journal = Journal::default();
    let server = server(&journal, &server_context, false).await;
    let client_journal = Journal::default();
    let script = Script::new(&client_journal);
    let connecting = running().create_connection(move || script, "127.0.0.1", address(&server).port());
    let (transport, _) = connecting.await.unwrap();
    transport.write(b"STARTTLS\n");
    client_journal.wait_for("data go ahead").await;
    let secure = running().start_tls(&transport, &client_context).server_hostname("localhost").await.unwrap();
    let refused = running().start_tls(&transport, &client_context).server_hostname("localhost").await.unwrap_err();
    assert!(refused.to_string().contains("the transport that the first upgrade gave"), "{refused}");
    secure.write(b"still there\n");
    client_journal.wait_for("data still there true").await;
    secure.close();
    client_journal.wait_for("lost").await;
}
