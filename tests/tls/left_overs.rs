//! What is left of a connection that has ended, in whatever way: nothing.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{IntoEndpoint, Result, Transport};

use super::certificates::{Authority, pair};
use super::peers::{client, echo_server, listener};
use crate::support::journal::Journal;
use crate::support::log::collect;
use crate::support::net::{address, client_of, running, send, settle};
use crate::support::script::Script;

/// Keeps its transport, as many protocols do, and counts itself.
struct Counted {
    alive: Rc<Cell<u32>>,
    transport: Option<Transport>,
}

impl Counted {
    fn new(alive: &Rc<Cell<u32>>) -> Self {
        alive.set(alive.get() + 1);
        Self { alive: alive.clone(), transport: None }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.set(self.alive.get() - 1);
    }
}

#[asyncio::protocol]
impl Counted {
    fn connection_made(&mut self, transport: &Transport) {
        self.transport = Some(transport.clone());
    }

    fn data_received(&mut self, transport: &Transport, _data: &[u8]) {
        transport.close();
    }
}

async fn connect<P: IntoEndpoint<K>, K>(
    protocol: P,
    port: u16,
    context: &asyncio::ssl::SslContext,
    limit: Duration,
) -> Result<Transport> {
    let connecting = running().create_connection(move || protocol, "127.0.0.1", port).ssl(context);
    Ok(connecting.ssl_handshake_timeout(limit).ssl_shutdown_timeout(limit).await?.0)
}

async fn gone(alive: &Cell<u32>) {
    while alive.get() > 0 {
        settle().await;
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_connection_that_has_ended_leaves_neither_its_protocol_nor_a_timer() {
    // CPython: test_ssl.TestSSL.test_create_connection_memory_leak, test_handshake_timeout_handler_leak,
    // test_shutdown_timeout_handler_leak; test_sslproto.SelectorStartTLSTests.test_create_connection_memory_leak
    const SHORT: Duration = Duration::from_millis(30);
    const LONG: Duration = Duration::from_secs(3600);
    collect();
    let (client_context, server_context) = pair();
    let alive = Rc::new(Cell::new(0));
    let counted = alive.clone();
    let serving = running().create_server(move || Counted::new(&counted), "127.0.0.1", 0).ssl(&server_context);
    let server = serving.ssl_handshake_timeout(LONG).ssl_shutdown_timeout(LONG).await.unwrap();
    let port = address(&server).port();
    // A clean end, from each side.
    let transport = connect(Counted::new(&alive), port, &client_context, LONG).await.unwrap();
    transport.close();
    gone(&alive).await;
    let transport = connect(Counted::new(&alive), port, &client_context, LONG).await.unwrap();
    transport.write(b"close");
    gone(&alive).await;
    // The server refused, the handshake over time, on each side.
    let strangers = super::certificates::trusting(&Authority::new("strangers")).build().unwrap();
    assert!(connect(Counted::new(&alive), port, &strangers, LONG).await.is_err());
    gone(&alive).await;
    let (silent, silent_port) = listener();
    assert!(connect(Counted::new(&alive), silent_port, &client_context, SHORT).await.is_err());
    gone(&alive).await;
    let counted = alive.clone();
    let serving = running().create_server(move || Counted::new(&counted), "127.0.0.1", 0).ssl(&server_context);
    let impatient = serving.ssl_handshake_timeout(SHORT).ssl_shutdown_timeout(LONG).await.unwrap();
    let idle = client_of(&impatient);
    send(&idle, &[22, 3, 1]);
    while alive.get() == 0 {
        settle().await;
    }
    gone(&alive).await;
    drop((silent, idle));
    // Cancelled in the handshake.
    let (silent, silent_port) = listener();
    let connecting = connect(Counted::new(&alive), silent_port, &client_context, LONG);
    assert!(asyncio::timeout(SHORT, connecting).await.is_err());
    gone(&alive).await;
    drop(silent);
}

#[asyncio::test(timeout = "10s")]
async fn closing_the_outer_tls_in_the_handshake_of_the_inner_ends_both_once() {
    // CPython: test_sslproto.SslProtoHandshakeTests.test_close_during_ssl_over_ssl
    let (client_context, server_context) = pair();
    let journal = Journal::default();
    let server = echo_server(&Journal::default(), &server_context).await;
    let (outer, _) = client(Script::new(&journal), &server, &client_context).await.unwrap();
    let silent = running().start_tls(&outer, &client_context).server_hostname("localhost");
    let inner = asyncio::create_task(async move { silent.await.map(drop) });
    asyncio::sleep(Duration::ZERO).await;
    outer.close();
    assert!(inner.await.is_err());
    journal.wait_for("lost").await;
    settle().await;
    assert_eq!((journal.entries().first().map(String::as_str), journal.count("lost")), (Some("made"), 1));
}
