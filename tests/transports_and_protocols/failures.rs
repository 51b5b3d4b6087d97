//! Handlers that fail: what is reported, and what becomes of the connection.

use asyncio::{Error, ProtocolHandle, Transport};

use crate::support::journal::Journal;
use crate::support::net::{Reports, connected, read_exactly, running, send};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn a_failing_connection_made_is_reported_and_the_connection_stays() {
    let reports = Reports::collect();
    let journal = Journal::default();
    let script = Script::new(&journal).on_made(|_| panic!("a bad start")).on_data(|transport, data| {
        transport.write(data);
        Ok(())
    });
    let (transport, _, peer) = connected(script).await;
    send(&peer, b"well?");
    assert_eq!(read_exactly(&peer, 5).await, b"well?");
    assert!(!transport.is_closing());
    let reports = reports.all();
    assert!(reports[0].starts_with("protocol.connection_made() call failed: Panic: a bad start"), "{reports:?}");
    assert_eq!(reports.len(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn a_failing_data_received_is_fatal_and_reported_with_connection_and_protocol() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_read_ready__data_received_error
    let journal = Journal::default();
    let seen = journal.clone();
    running().set_exception_handler(move |_, context| {
        let transport = context.get::<Transport>("transport").unwrap();
        let protocol = context.get::<ProtocolHandle<Script>>("protocol").unwrap();
        assert!(transport.peername().is_some() && format!("{protocol:?}").contains("Script"));
        assert_eq!(context.keys(), ["exception", "protocol", "transport"]);
        seen.note(format!("reported {}", context.message()));
    });
    let script = Script::new(&journal).on_data(|_, _| Err(std::io::Error::other("disk full").into()));
    let (_transport, _, peer) = connected(script).await;
    send(&peer, b"x");
    journal.wait_for("lost").await;
    assert_eq!(
        journal.entries(),
        ["made", "data x", "reported Fatal error: protocol.data_received() call failed.", "lost OSError: disk full"]
    );
}

#[asyncio::test(timeout = "10s")]
async fn a_failing_eof_received_is_fatal() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_eof_received_error
    let reports = Reports::collect();
    let journal = Journal::default();
    let script = Script::new(&journal).on_eof(|_| Err(Error::runtime_error("too early")));
    let (_transport, _, peer) = connected(script).await;
    drop(peer);
    assert_eq!(journal.wait_for("lost").await, "lost RuntimeError: too early");
    let reports = reports.all();
    assert!(reports[0].starts_with("Fatal error: protocol.eof_received() call failed.: RuntimeError: too early"));
    assert_eq!(reports.len(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn data_is_not_received_after_a_failure() {
    let _reports = Reports::collect();
    let journal = Journal::default();
    let script = Script::new(&journal).on_data(|transport, _| {
        transport.write(b"dropped with the connection, or not");
        Err(Error::runtime_error("enough"))
    });
    let (transport, _, peer) = connected(script).await;
    send(&peer, b"one");
    journal.wait_for("data").await;
    assert!(transport.is_closing());
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data one", "lost RuntimeError: enough"]);
    drop(peer);
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_error_is_nobodys_failure_and_not_reported() {
    // The test fails if anything reaches the exception handler.
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Script::new(&journal)).await;
    crate::support::net::reset(peer);
    journal.wait_for("lost OSError").await;
}
